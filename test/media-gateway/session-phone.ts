/** A caller's phone and the carrier between, in real time: plays what it is sent, echoes marks, speaks and hears as a modem. */
import { pino } from 'pino';
import type { AgentSpec } from '../../contracts/agent';
import { agentSchema } from '../../contracts/agent';
import type { CallSetup, ConversationReport, TranscriptTurn } from '../../contracts/call';
import { systemClock } from '../../contracts/clock';
import { decodeMulaw, encodeMulaw, FRAME_BYTES, FRAME_MS, MULAW_SILENCE } from '../../contracts/g711';
import type { FaultInput } from '../../lab/faults';
import type { LedgerSnapshot } from '../../lab/ledger';
import { type RunningLab, runLab } from '../../lab/main';
import type { RealtimeEntry, SpeechEntry } from '../../lab/openai/ledger-entry';
import type { ScenarioInput } from '../../lab/scenario';
import { Demodulator, modulate } from '../../lab/voice';
import { type CallSessionOptions, type CarrierStream, createSession, type Session, type SessionEvent } from '../../media-gateway/session';
import { loadConfig } from '../../runtime/config';

export const BAUD = 600;
const log = pino({ level: process.env.SESSION_TEST_LOG ?? 'silent' });

/**
 * One process is gateway, carrier and vendor here: when the machine stalls, time stands still for the phone and for the gateway's reckoning of what
 * it has played alike. Timers go by the wall.
 */
class StandingTime {
  #last = performance.now();
  #lost = 0;
  readonly #ticker = setInterval(() => this.now(), FRAME_MS).unref();

  readonly now = (): number => {
    const now = performance.now();
    if (now - this.#last > 4 * FRAME_MS) this.#lost += now - this.#last - FRAME_MS;
    this.#last = now;
    return now - this.#lost;
  };

  stop(): void {
    clearInterval(this.#ticker);
  }
}

type Buffered = { kind: 'frame'; mulaw: Uint8Array } | { kind: 'mark'; name: string };

export class Phone implements CarrierStream {
  readonly streamId = 'MZtest';
  readonly carrierCallId = 'CAtest';
  /** What was really played to the ear. */
  heard = '';
  playedBytes = 0;
  clears = 0;
  sentFrames = 0;
  /** Whether the carrier tells when it has played a mark. */
  echoesMarks = true;
  session: Session | undefined;
  #buffer: Buffered[] = [];
  #saying: Uint8Array[] = [];
  #ear = new Demodulator({ sampleRate: 8000, baud: BAUD }, { text: (fragment) => this.#hear(fragment) });
  #timer: NodeJS.Timeout | undefined;
  #startedAt = 0;
  #ticks = 0;
  #silentTicks = 0;
  #longestSilentTicks = 0;
  #checks = new Set<() => void>();

  constructor(private readonly now: () => number) {}

  pickUp(session: Session): void {
    this.session = session;
    this.#startedAt = this.now();
    this.#tick();
  }

  hangUp(): void {
    this.stop();
    this.session?.onStreamClosed();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#ticks = -1;
  }

  say(text: string): void {
    this.play(modulate(text, { sampleRate: 8000, baud: BAUD }));
  }

  /** Sounds of any kind from the caller's end. */
  play(samples: Int16Array): void {
    const audio = encodeMulaw(samples);
    for (let at = 0; at < audio.length; at += FRAME_BYTES) {
      const frame = new Uint8Array(FRAME_BYTES).fill(MULAW_SILENCE);
      frame.set(audio.subarray(at, at + FRAME_BYTES));
      this.#saying.push(frame);
    }
  }

  press(digits: string): void {
    for (const digit of digits) this.session?.onDtmf(digit);
  }

  sendAudio(mulaw: Uint8Array): void {
    if (mulaw.length === 0 || mulaw.length % FRAME_BYTES !== 0) throw new Error(`${mulaw.length} bytes are no whole frames`);
    this.sentFrames += mulaw.length / FRAME_BYTES;
    for (let at = 0; at < mulaw.length; at += FRAME_BYTES)
      this.#buffer.push({ kind: 'frame', mulaw: mulaw.subarray(at, at + FRAME_BYTES) });
  }

  sendMark(name: string): void {
    this.#buffer.push({ kind: 'mark', name });
  }

  clear(): void {
    this.clears++;
    const marks = this.#buffer.filter((entry) => entry.kind === 'mark');
    this.#buffer = [];
    for (const mark of marks) this.#echo(mark.name);
  }

  close(): void {
    this.stop();
  }

  /** Frames that the carrier holds. */
  get backlog(): number {
    return this.#buffer.length;
  }

  /** Resolves when it holds; looked at with every frame. */
  until(condition: () => boolean, what: string, ms = 45_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => {
        this.#checks.delete(check);
        reject(new Error(`${what} did not come; heard: ${JSON.stringify(this.heard)}`));
      }, ms);
      const check = () => {
        if (!condition()) return;
        clearTimeout(deadline);
        this.#checks.delete(check);
        resolve();
      };
      this.#checks.add(check);
      check();
    });
  }

  untilHeard(pattern: RegExp, ms?: number): Promise<void> {
    return this.until(() => pattern.test(this.heard), String(pattern), ms);
  }

  /** The longest silence from now on, in milliseconds of what the caller hears. */
  watchSilence(): () => number {
    this.#longestSilentTicks = this.#silentTicks = 0;
    return () => this.#longestSilentTicks * FRAME_MS;
  }

  /** All that the caller had to say is on the line. */
  untilSaid(): Promise<void> {
    return this.until(() => this.#saying.length === 0, 'the end of what the caller says');
  }

  /** The agent has been silent for so long. */
  untilSilent(ms = 400): Promise<void> {
    return this.until(() => this.#silentTicks * FRAME_MS >= ms, 'silence');
  }

  #hear(fragment: string): void {
    this.heard += fragment;
  }

  #echo(name: string): void {
    if (this.echoesMarks) setImmediate(() => this.session?.onMark(name));
  }

  #tick(): void {
    const due = Math.floor((this.now() - this.#startedAt) / FRAME_MS);
    while (this.#ticks >= 0 && this.#ticks < due) {
      this.#ticks++;
      this.#playFrame();
      this.session?.onAudio(this.#saying.shift() ?? new Uint8Array(FRAME_BYTES).fill(MULAW_SILENCE));
      for (const check of this.#checks) check();
    }
    if (this.#ticks >= 0) this.#timer = setTimeout(() => this.#tick(), FRAME_MS / 2);
  }

  #playFrame(): void {
    while (this.#buffer[0]?.kind === 'mark') this.#echo((this.#buffer.shift() as { name: string }).name);
    const frame = this.#buffer.shift();
    if (frame?.kind === 'frame') {
      this.#silentTicks = 0;
      this.playedBytes += frame.mulaw.length;
      this.#ear.push(decodeMulaw(frame.mulaw));
    } else {
      this.#silentTicks++;
      this.#longestSilentTicks = Math.max(this.#longestSilentTicks, this.#silentTicks);
      this.#ear.push(new Int16Array(FRAME_BYTES));
    }
  }
}

export interface TestCall {
  phone: Phone;
  session: Session;
  events: SessionEvent[];
}

/** The lab as AI vendor and as receiver of tools; sessions that talk with it. */
export class SessionWorld {
  readonly #calls: TestCall[] = [];
  readonly #time = new StandingTime();

  private constructor(private readonly lab: RunningLab) {}

  static async start(scenario: ScenarioInput = {}): Promise<SessionWorld> {
    return new SessionWorld(await runLab({ scenario, baud: BAUD, seed: 1, log }));
  }

  /** For a test that runs beside others: a world of its own, which ends with it. */
  static async during(scenario: ScenarioInput, test: (world: SessionWorld) => Promise<void>): Promise<void> {
    const world = await SessionWorld.start(scenario);
    try {
      await test(world);
    } finally {
      await world.stop();
    }
  }

  get url(): string {
    return this.lab.urls.lab;
  }

  get deps() {
    const vendors = {
      OPENAI_API_KEY: 'sk-lab',
      OPENAI_BASE_URL: `${this.url}/v1`,
      DEEPGRAM_API_KEY: 'dg-lab',
      DEEPGRAM_BASE_URL: `${this.url}/deepgram`,
      ELEVENLABS_API_KEY: 'el-lab',
      ELEVENLABS_BASE_URL: `${this.url}/elevenlabs`,
    };
    const config = loadConfig({ ...vendors, PATTER_ALLOW_PRIVATE_WEBHOOKS: 'true' }, '/');
    return { config, clock: { ...systemClock, monotonic: this.#time.now }, log };
  }

  setup(overrides: Partial<Omit<CallSetup, 'agent'>> & { agent?: Partial<AgentSpec> } = {}): CallSetup {
    const { agent, ...rest } = overrides;
    return {
      callId: 'call_00000000000000000000000000000001_1',
      campaignId: 'cmp_1',
      contactId: 'ct_1',
      tenantId: 'default',
      direction: 'outbound',
      carrier: 'twilio',
      to: '+15005550001',
      from: '+15005550006',
      variables: { first_name: 'Ada' },
      voicemailMessage: '',
      machineDetection: false,
      canTransfer: true,
      ...rest,
      agent: agentSchema.parse({
        engine: { type: 'openai-realtime', silenceMs: 300 },
        systemPrompt: 'You call Ada about the appointment on Friday.',
        disclosure: 'This is an AI.',
        firstMessage: 'Hi Ada. Can you come on Friday?',
        ...agent,
      }),
    };
  }

  /** A call that was picked up; `start` has been called. */
  call(
    setup: CallSetup = this.setup(),
    options: { history?: TranscriptTurn[]; start?: boolean; create?: typeof createSession } & Partial<CallSessionOptions> = {},
  ): TestCall {
    const phone = new Phone(this.#time.now);
    const events: SessionEvent[] = [];
    const { start = true, history = [], create = createSession, ...rest } = options;
    const session = create({ setup, history, stream: phone, emit: (event) => events.push(event), ...this.deps, ...rest });
    const call = { phone, session, events };
    this.#calls.push(call);
    phone.pickUp(session);
    if (start) session.start();
    return call;
  }

  async fault(fault: FaultInput): Promise<void> {
    const response = await fetch(`${this.url}/lab/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(fault),
    });
    if (!response.ok) throw new Error(await response.text());
  }

  async ledger(): Promise<LedgerSnapshot> {
    return (await (await fetch(`${this.url}/lab/ledger`)).json()) as LedgerSnapshot;
  }

  async realtime(): Promise<RealtimeEntry[]> {
    return ((await this.ledger()).notes.realtime ?? []) as RealtimeEntry[];
  }

  async speech(): Promise<SpeechEntry[]> {
    return ((await this.ledger()).notes.speech ?? []) as SpeechEntry[];
  }

  /** Hangs up whatever is left. */
  async stop(): Promise<void> {
    for (const { phone } of this.#calls) phone.hangUp();
    this.#time.stop();
    await this.lab.stop();
  }
}

export function said(report: Pick<ConversationReport, 'turns'>, role: TranscriptTurn['role']): string[] {
  return report.turns.filter((turn) => turn.role === role).map((turn) => turn.text);
}
