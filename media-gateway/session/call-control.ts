import type { ConversationReport } from '../../contracts/call';
import type { RecordingWish } from '../tools/built-in';
import type { CallActions } from './built-in-actions';
import type { CallParts } from './call-parts';
import type { CallStage } from './call-state';
import type { Callee } from './callee';
import { type Ending, LEAVE_WITHIN_MS } from './ending';
import type { CallSessionOptions } from './ports';
import type { WorkflowRequests } from './workflow-requests';

/** The call in the hands of the model's tools. */
export class CallControl implements CallActions {
  constructor(
    private readonly options: CallSessionOptions,
    private readonly parts: CallParts,
    private readonly stage: CallStage,
    private readonly ending: Ending,
    private readonly callee: Callee,
    private readonly requests: WorkflowRequests,
  ) {}

  get live(): boolean {
    return this.stage.live;
  }

  get outbound(): boolean {
    return this.options.setup.direction === 'outbound';
  }

  get canTransfer(): boolean {
    return this.options.setup.canTransfer;
  }

  get transferNumbers(): readonly string[] {
    return this.options.setup.transferNumbers ?? [];
  }

  transfer(transfer: NonNullable<ConversationReport['transfer']>): void {
    this.ending.transfer(transfer);
  }

  end(farewell: string | undefined): void {
    this.ending.leave('agent_ended', { revocable: true, line: farewell ? { text: farewell, verbatim: true } : undefined });
  }

  optOut(): void {
    if (this.callee.menu) throw new Error('A phone menu speaks, and no person: nobody has asked not to be called.');
    this.ending.optOut('voice', this.parts.turns.lastUserText());
  }

  callback(callback: NonNullable<ConversationReport['callback']>): void {
    this.ending.callback = callback;
  }

  async sendDigits(digits: string, requestId: string): Promise<string> {
    const { callee, ending, stage } = this;
    const { reader, speaker } = this.parts;
    const { clock } = this.options;
    const pauseMs = callee.menu?.pauseMs(clock.now()) ?? 0;
    if (pauseMs > 0) await reader.until(() => !stage.live, pauseMs);
    const loop = callee.menu?.loop;
    if (loop !== undefined) {
      ending.giveUp({ because: 'ivr_loop', detail: loop });
      throw new Error('The menu leads nowhere. The call ends.');
    }
    callee.menu?.pressed(clock.now());
    // A stream that is taken away takes what is still to be heard with it.
    await reader.until(() => !speaker.busy, LEAVE_WITHIN_MS);
    if (!stage.live) throw new Error('The call is over.');
    return this.requests.ask({ kind: 'send_digits', requestId, digits });
  }

  /** The model has heard that a machine speaks; the workflow, which holds the vote, hears of it too. */
  leaveVoicemail(): void {
    const { setup, emit } = this.options;
    emit({ kind: 'machine_suspected', evidence: 'transcript', text: this.parts.turns.lastUserText() });
    if (setup.voicemailMessage === '') this.ending.leave('voicemail_skipped', { cut: true });
    else this.callee.dropVoicemail(setup.voicemailMessage, true);
  }

  setRecording(wanted: RecordingWish, requestId: string): Promise<string> {
    const stopped = wanted === 'stopped' ? ({ stopped: true } as const) : {};
    return this.requests.ask({ kind: 'set_recording', requestId, paused: wanted !== 'recording', ...stopped });
  }
}
