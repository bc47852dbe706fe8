/**
 * Answering machine detection, standard and premium. It knows the truth from the persona, and takes as long as the real one: a person is known by the
 * pause behind the first words, a machine by speaking on, a mailbox's end by its beep.
 */
import type Telnyx from 'telnyx';
import type { Persona } from '../persona';

export type DetectionMode = Exclude<NonNullable<Telnyx.CallDialParams['answering_machine_detection']>, 'disabled'>;
type Verdict = 'human' | 'machine' | 'fax' | 'silence' | 'not_sure';

export interface DetectionHost {
  after(ms: number, fn: () => void): () => void;
  /** In Telnyx' words, and for the ledger in the detector's own. */
  standard(result: 'human' | 'machine' | 'not_sure'): void;
  standardGreeting(result: 'beep_detected' | 'ended'): void;
  premium(result: 'human_residence' | 'machine' | 'silence' | 'fax_detected' | 'not_sure'): void;
  premiumGreeting(result: 'beep_detected' | 'no_beep_detected'): void;
}

/** Both ways' figures where the request gives none. */
const DEFAULTS_MS = {
  initialSilence: 3500,
  afterGreetingSilence: 800,
  greetingDuration: 3500,
  greetingSilence: 1500,
  total: { standard: 3500, premium: 30_000 },
} as const;

const PREMIUM_WORDS = {
  human: 'human_residence',
  machine: 'machine',
  fax: 'fax_detected',
  silence: 'silence',
  not_sure: 'not_sure',
} as const satisfies Record<Verdict, string>;

export class Detection {
  private verdict: Verdict | undefined;
  private greetingEnded = false;
  private cancels: (() => void)[] = [];
  private cancelTotal: () => void = () => undefined;

  constructor(
    private readonly mode: DetectionMode,
    private readonly config: NonNullable<Telnyx.CallDialParams['answering_machine_detection_config']>,
    private readonly persona: Persona,
    private readonly host: DetectionHost,
  ) {}

  /** The call was answered. */
  start(): void {
    const { persona, config } = this;
    const forced = 'amd' in persona ? persona.amd : undefined;
    if (forced) {
      this.later(forced.afterMs, () => this.decide(verdictOf(forced.answeredBy)));
      return;
    }
    const total = config.total_analysis_time_millis ?? DEFAULTS_MS.total[this.isPremium ? 'premium' : 'standard'];
    this.cancelTotal = this.host.after(total, () => this.decide(this.isMachine ? 'machine' : 'not_sure'));
    // The standard detector takes whoever says nothing for a machine, as documented.
    this.later(config.initial_silence_millis ?? DEFAULTS_MS.initialSilence, () => this.decide(this.isPremium ? 'silence' : 'machine'));
  }

  firstSound(): void {
    if (this.isForced) return;
    this.forget();
    if (this.isMachine) this.later(this.config.greeting_duration_millis ?? DEFAULTS_MS.greetingDuration, () => this.decide('machine'));
  }

  firstUtteranceEnded(): void {
    if (!this.isForced) {
      this.forget();
      if (this.isMachine) this.decide('machine');
      else this.later(this.config.after_greeting_silence_millis ?? DEFAULTS_MS.afterGreetingSilence, () => this.decide('human'));
    }
    if (!this.isMachine || this.hasBeep) return;
    this.host.after(this.config.greeting_silence_duration_millis ?? DEFAULTS_MS.greetingSilence, () => this.endGreeting(false));
  }

  beepEnded(): void {
    if (this.isMachine && this.hasBeep) this.endGreeting(true);
  }

  private endGreeting(beep: boolean): void {
    if (this.greetingEnded || (this.isForced && this.verdict !== 'machine')) return;
    this.greetingEnded = true;
    if (this.isPremium) {
      // A beep that comes before the verdict stands for it.
      this.settle('machine');
      this.host.premiumGreeting(beep ? 'beep_detected' : 'no_beep_detected');
      return;
    }
    this.decide('machine');
    if (this.mode === 'detect' || (this.mode === 'detect_beep' && !beep)) return;
    this.host.standardGreeting(beep ? 'beep_detected' : 'ended');
  }

  private decide(verdict: Verdict): void {
    if (!this.settle(verdict)) return;
    if (this.isPremium) this.host.premium(PREMIUM_WORDS[verdict]);
    else this.host.standard(verdict === 'fax' ? 'machine' : verdict === 'silence' ? 'not_sure' : verdict);
  }

  private settle(verdict: Verdict): boolean {
    if (this.verdict !== undefined) return false;
    this.verdict = verdict;
    this.forget();
    this.cancelTotal();
    return true;
  }

  private get isPremium(): boolean {
    return this.mode === 'premium';
  }

  private get isMachine(): boolean {
    return this.persona.kind === 'voicemail';
  }

  private get hasBeep(): boolean {
    return this.persona.kind === 'voicemail' && this.persona.beepMs > 0;
  }

  private get isForced(): boolean {
    return 'amd' in this.persona && this.persona.amd !== undefined;
  }

  private later(ms: number, fn: () => void): void {
    this.cancels.push(this.host.after(ms, fn));
  }

  private forget(): void {
    for (const cancel of this.cancels) cancel();
    this.cancels = [];
  }
}

/** Personas say it in either company's words. */
function verdictOf(answeredBy: string): Verdict {
  if (answeredBy.startsWith('human')) return 'human';
  if (answeredBy.startsWith('machine')) return 'machine';
  if (answeredBy.startsWith('fax')) return 'fax';
  return answeredBy === 'silence' ? 'silence' : 'not_sure';
}
