/**
 * Answering machine detection. It knows the truth from the persona, and takes as long as the real one: a person is known by the pause
 * behind the first words, a machine by speaking on, a mailbox's end by its beep.
 */
import type { Call } from './call';

export interface AmdOptions {
  mode: 'Enable' | 'DetectMessageEnd';
  timeoutMs: number;
  /** Who speaks for so long is a machine. */
  speechThresholdMs: number;
  /** So much silence ends an utterance. */
  speechEndThresholdMs: number;
  /** So much silence in the beginning means that nothing can be said. */
  silenceTimeoutMs: number;
}

export class MachineDetection {
  private startedAt = 0;
  private cancels: (() => void)[] = [];
  private decide: (answeredBy: string) => void = () => undefined;
  readonly result = new Promise<{ answeredBy: string; durationMs: number }>((resolve) => {
    this.decide = (answeredBy) => {
      for (const cancel of this.cancels) cancel();
      this.cancels = [];
      resolve({ answeredBy, durationMs: this.call.network.lab.clock.now() - this.startedAt });
    };
  });

  constructor(
    private readonly call: Call,
    private readonly options: AmdOptions,
  ) {}

  /** The call was answered. */
  start(): void {
    this.startedAt = this.call.network.lab.clock.now();
    const { persona } = this.call;
    this.decideAfter(this.options.timeoutMs, 'unknown');
    if (persona && 'amd' in persona && persona.amd) this.decideAfter(persona.amd.afterMs, persona.amd.answeredBy);
    else this.decideAfter(this.options.silenceTimeoutMs, 'unknown');
  }

  firstSound(): void {
    if (this.isForced) return;
    this.restart();
    if (this.isMachine && this.options.mode === 'Enable') this.decideAfter(this.options.speechThresholdMs, 'machine_start');
  }

  firstUtteranceEnded(): void {
    if (this.isForced) return;
    this.restart();
    if (!this.isMachine) this.decideAfter(this.options.speechEndThresholdMs, 'human');
    else if (this.options.mode === 'Enable') this.decide('machine_start');
    else if (!this.hasBeep) this.decideAfter(this.options.speechEndThresholdMs, 'machine_end_silence');
  }

  beepEnded(): void {
    if (!this.isForced && this.isMachine && this.hasBeep && this.options.mode === 'DetectMessageEnd') this.decide('machine_end_beep');
  }

  private get isMachine(): boolean {
    return this.call.persona?.kind === 'voicemail';
  }

  private get hasBeep(): boolean {
    return this.call.persona?.kind === 'voicemail' && this.call.persona.beepMs > 0;
  }

  private get isForced(): boolean {
    return this.call.persona !== undefined && 'amd' in this.call.persona && this.call.persona.amd !== undefined;
  }

  private restart(): void {
    for (const cancel of this.cancels) cancel();
    this.cancels = [];
    this.decideAfter(Math.max(0, this.startedAt + this.options.timeoutMs - this.call.network.lab.clock.now()), 'unknown');
  }

  private decideAfter(ms: number, answeredBy: string): void {
    this.cancels.push(this.call.after(ms, () => this.decide(answeredBy)));
  }
}
