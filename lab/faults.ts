/** What the lab does wrong on demand: from the scenario file, or by `POST /lab/faults`. */
import { z } from 'zod';

export const FAULT_KINDS = [
  /** A callback is sent `delayMs` late. */
  'callback_late',
  /** A callback is sent twice. */
  'callback_duplicate',
  /** A callback is held back until the next one of its call has been sent. */
  'callback_reorder',
  /** A callback is never sent. */
  'callback_missing',
  /** The media socket is cut: at the stream's end in place of `stop`, or `afterMs` after its start. */
  'stream_closed_without_stop',
  /** The call is dialled, and its creation answered with 500. */
  'create_500',
  /** The call is dialled, and its creation never answered. */
  'create_hang',
  /**
   * Twilio: the request that creates the call is on its way so long (its sender is frozen) that the next one to the same number overtakes it; it is
   * carried out `delayMs` after that one, while that one's call lasts, and answered to nobody.
   */
  'create_overtaken',
  /** The call is not dialled; 429 with code 20429 (Twilio) or 90103 (Telnyx). */
  'create_429',
  /** Telnyx: a command (`event`: `answer`, `transfer`, `bridge`, `hangup` …) is carried out, and answered with 500, or never. */
  'command_500',
  'command_hang',
  /** Telnyx: every fourth frame of a stream arrives after the one that follows it. */
  'frames_reordered',
  /** Twilio: half of a recording's file, and then nothing more. */
  'recording_stalls',
  /** Telnyx: the recording cannot be stored. */
  'recording_failed',
  /** Twilio: the call resource of a call that has ended has no price yet; with `count`, so many times. */
  'price_late',
  /** The account is billed in euros. */
  'price_foreign',
  /** The AI provider's socket is dropped in the middle of a sentence: `afterMs` of audio have been sent. */
  'provider_drop',
  /** The AI provider refuses the socket. `event` of these: `deepgram`, `elevenlabs`, `convai`; left out: whichever comes first. */
  'provider_refuse',
  /** The AI provider closes its socket with 1011 after `afterMs` of audio; Realtime: when it has told `event`, `tool_call` or `speech_started`. */
  'provider_close',
  /**
   * The AI provider keeps its socket open and answers pings, or takes the request, and says nothing more. `event`: `realtime`, `response` (Realtime hears, and never answers),
   * `deepgram`, `convai`, `chat` or `speech`.
   */
  'provider_mute',
  /** The AI provider sends a message of a kind that nobody knows. */
  'provider_unknown_event',
  /** An ElevenLabs agent (`event`: `convai`): audio of an interrupted answer comes after the interruption. */
  'late_audio',
  /** An ElevenLabs agent, and Realtime: events of the type `event` come under another name. */
  'renamed_event',
  /** A final transcript comes `delayMs` late. */
  'stt_late',
  /** The AI provider ends the session as expired. */
  'provider_expire',
  /** The AI provider's REST answers `status`; `event`: `speech`, `responses` or `chat`. */
  'provider_error',
  /** A user webhook or tool (`event` is its name) answers `status` instead of 200. */
  'webhook_fail',
  'tool_fail',
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

export const faultSchema = z.strictObject({
  kind: z.enum(FAULT_KINDS),
  /** Only calls to this number (E.164); of `convai`: only this agent's conversations, by its id. */
  to: z.string().optional(),
  /**
   * Only this callback: `initiated`, `ringing`, `answered`, `completed`, `amd`, `stream-started`, `stream-stopped`, `stream-error`; at Telnyx
   * by its own words, `call.answered`, `streaming.failed`, …; for webhooks and tools, their name.
   */
  event: z.string().optional(),
  /** How often it happens; left out: every time. */
  count: z.number().int().positive().optional(),
  delayMs: z.number().int().nonnegative().default(3000),
  afterMs: z.number().int().nonnegative().optional(),
  status: z.number().int().min(100).max(599).default(500),
});

export type Fault = z.output<typeof faultSchema>;
export type FaultInput = z.input<typeof faultSchema>;

export interface FaultSubject {
  to?: string;
  event?: string;
}

export class Faults {
  private active: { fault: Fault; left: number }[] = [];

  constructor(private readonly initial: readonly Fault[] = []) {
    this.reset();
  }

  add(fault: Fault): void {
    this.active.push({ fault, left: fault.count ?? Number.POSITIVE_INFINITY });
  }

  /** The first fault of this kind that fits, and counts it as used. */
  take(kind: FaultKind, subject: FaultSubject = {}): Fault | undefined {
    const found = this.active.find(
      ({ fault, left }) =>
        left > 0 &&
        fault.kind === kind &&
        (fault.to === undefined || fault.to === subject.to) &&
        (fault.event === undefined || fault.event === subject.event),
    );
    if (!found) return undefined;
    found.left--;
    return found.fault;
  }

  /** Back to what the scenario says. */
  reset(): void {
    this.active = [];
    for (const fault of this.initial) this.add(fault);
  }
}
