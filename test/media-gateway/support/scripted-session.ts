/** A talk that goes as the test says. It keeps to the session's port, which is the border of what is tested here. */
import type { ConversationEnd, ConversationReport, GatewayCommand, TranscriptTurn } from '../../../contracts/call';
import type { CallSessionOptions, Prewarmed, Session } from '../../../media-gateway/session';
import type { SessionMaker } from '../../../media-gateway/session-maker';

export class ScriptedSession implements Session {
  readonly audio: Buffer[] = [];
  readonly marks: string[] = [];
  readonly digits: string[] = [];
  readonly commands: GatewayCommand[] = [];
  readonly drains: number[] = [];
  streamClosed = 0;
  started = false;
  ended = false;
  readonly done: Promise<ConversationReport>;
  private settle!: (report: ConversationReport) => void;

  constructor(readonly options: CallSessionOptions) {
    this.done = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  start(): void {
    this.started = true;
  }
  onAudio(mulaw: Uint8Array): void {
    this.audio.push(Buffer.from(mulaw));
  }
  onMark(name: string): void {
    this.marks.push(name);
  }
  onDtmf(digit: string): void {
    this.digits.push(digit);
  }
  onStreamClosed(): void {
    this.streamClosed += 1;
    this.end('caller_hung_up');
  }
  onCommand(command: GatewayCommand): boolean {
    if (this.ended) return false;
    if (!this.commands.some(({ commandId }) => commandId === command.commandId)) this.commands.push(command);
    return true;
  }
  checkpoint() {
    return { turns: this.turns(), sealedTurns: 0, usage: [], at: Date.now() };
  }
  /** A pause of the talk is when the test says so: see `end`. */
  drain(withinMs: number): void {
    this.drains.push(withinMs);
    if (withinMs <= 0) this.end('drained');
  }

  /** What this session heard, as its only turn: shows whose audio came here. */
  private turns(): TranscriptTurn[] {
    const text = Buffer.concat(this.audio).toString('latin1');
    return text ? [{ role: 'user', text, at: 1 }] : [];
  }

  end(end: ConversationEnd): void {
    if (this.ended) return;
    this.ended = true;
    this.settle({ end, turns: this.turns(), usage: [], startedAt: 1, endedAt: 2, toolCalls: [] });
  }
}

export class ScriptedSessions implements SessionMaker {
  readonly made: ScriptedSession[] = [];
  readonly warmed: { callId: string; disposed: boolean; prewarmed: Prewarmed }[] = [];

  create(options: CallSessionOptions): Session {
    const session = new ScriptedSession(options);
    this.made.push(session);
    return session;
  }

  prewarm(setup: CallSessionOptions['setup']): Prewarmed {
    const entry = { callId: setup.callId, disposed: false, prewarmed: { dispose: () => {} } };
    entry.prewarmed.dispose = () => {
      entry.disposed = true;
    };
    this.warmed.push(entry);
    return entry.prewarmed;
  }

  of(callId: string): ScriptedSession[] {
    return this.made.filter(({ options }) => options.setup.callId === callId);
  }
}
