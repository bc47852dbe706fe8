/** Recording at the carrier: what was asked for, in order and once. The file is the `recording` workflow's business, which outlives this one. */
import { ActivityFailure, ApplicationFailure, getExternalWorkflowHandle } from '@temporalio/workflow';
import type { GatewayEvent } from '../../contracts/call';
import { recordingWorkflowId } from '../../contracts/call-id';
import { callOverSignal, type RecordingChange, type RecordingTrack, recordingState } from '../../contracts/recording';
import type { RecordingState } from '../../contracts/recording-states';
import { noteRecording, setRecordingPaused, startRecording, stopRecording } from './activities';
import type { CallState, Conversation } from './call-state';
import { answerTool } from './tool-answer';

type SetRecording = Extract<GatewayEvent, { kind: 'set_recording' }>;

const WITHDRAWN = 'the caller does not want to be recorded';

export class Recorder {
  private readonly changes: RecordingChange[] = [];
  private recordingId: string | undefined;
  private readonly asked = new Set<string>();
  /** One request to the carrier at a time, in the order of the wishes. */
  private last: Promise<void> = Promise.resolve();

  get track(): RecordingTrack {
    return { changes: [...this.changes] };
  }

  get state(): RecordingState {
    return recordingState(this.track);
  }

  /** Harmless to repeat. Nothing after a stop: whoever has withdrawn their consent is not asked for it again. */
  start(state: CallState): void {
    const { carrierCallId, input } = state;
    if (!carrierCallId || !state.rules?.setup.recording || this.state !== 'off') return;
    this.changed({ state: 'starting', at: Date.now() });
    this.enqueue(async () => {
      try {
        const { recordingId, change } = await startRecording({ callId: input.callId, carrierCallId, track: this.track });
        this.recordingId = recordingId;
        this.changed(change);
      } catch (error) {
        this.changed({ state: 'failed', at: Date.now(), reason: reasonOf(error) });
      }
    });
  }

  set(state: CallState, conversation: Conversation, event: SetRecording): void {
    if (this.asked.has(event.requestId)) return;
    this.asked.add(event.requestId);
    // At once: a start that comes before this one's turn is too late.
    if (event.stopped && this.state === 'off' && isPausable(state)) {
      this.changed({ state: 'stopped', at: Date.now(), reason: WITHDRAWN });
    }
    this.enqueue(async () => {
      const result = event.stopped ? await this.stop(state) : await this.pause(state, event.paused);
      answerTool(state, conversation, event.requestId, result);
    });
  }

  /** The call is over, and its record is written. */
  async close(state: CallState): Promise<void> {
    if (this.changes.length === 0) return;
    await this.last;
    if (this.state !== 'failed' && this.state !== 'stopped')
      this.changed({ state: 'stopped', at: state.leg.end?.at ?? Date.now(), reason: 'the call ended' });
    const { callId } = state.input;
    await noteRecording({ callId, track: this.track });
    // Gone already: erased.
    await getExternalWorkflowHandle(recordingWorkflowId(callId))
      .signal(callOverSignal)
      .catch(() => undefined);
  }

  private async pause(state: CallState, paused: boolean): Promise<{ ok: boolean; result: string }> {
    const { carrierCallId, input } = state;
    const wanted = paused ? 'paused' : 'recording';
    if (!isPausable(state)) return { ok: false, result: 'This recording cannot be paused.' };
    if (this.state === wanted) return { ok: true, result: wanted };
    if (!carrierCallId || (this.state !== 'recording' && this.state !== 'paused')) {
      return { ok: false, result: `The call is not being recorded (${this.state}).` };
    }
    try {
      const { change } = await setRecordingPaused({
        callId: input.callId,
        carrierCallId,
        recordingId: this.recordingId,
        paused,
        track: this.track,
      });
      this.changed(change);
      return { ok: true, result: wanted };
    } catch (error) {
      return { ok: false, result: `The carrier did not do it: ${reasonOf(error)}` };
    }
  }

  /** In whatever state, and final. */
  private async stop(state: CallState): Promise<{ ok: boolean; result: string }> {
    const { carrierCallId, input } = state;
    if (!isPausable(state)) return { ok: false, result: 'This recording cannot be stopped.' };
    if (this.state === 'stopped') return { ok: true, result: 'stopped' };
    if (!carrierCallId || this.state === 'failed') return { ok: true, result: `The call is not being recorded (${this.state}).` };
    try {
      const { recordingId, track } = this;
      this.changed((await stopRecording({ callId: input.callId, carrierCallId, recordingId, reason: WITHDRAWN, track })).change);
      return { ok: true, result: 'stopped' };
    } catch (error) {
      return { ok: false, result: `The carrier did not do it: ${reasonOf(error)}` };
    }
  }

  private changed(change: RecordingChange): void {
    this.changes.push(change);
  }

  private enqueue(work: () => Promise<void>): void {
    this.last = this.last.then(work);
  }
}

/** The event of a gateway that was killed before it got out: the line that the caller heard is in the history. */
export function startIfConsented(state: CallState): void {
  const { recording } = state.rules?.setup ?? {};
  if (!recording || state.recorder.state !== 'off') return;
  const { consent } = recording;
  const heard = state.transcript
    .turns()
    .some(({ role, text, interrupted }) => role === 'assistant' && !interrupted && text.includes(consent));
  if (consent === '' || heard) state.recorder.start(state);
}

function isPausable({ rules }: CallState): boolean {
  return rules?.setup.recording?.pausable === true;
}

function reasonOf(error: unknown): string {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure || cause instanceof Error ? cause.message : String(cause);
}
