import type { ConversationEnd, ConversationReport } from '../../contracts/call';
import type { CallParts } from './call-parts';
import { type CallStage, type CallState, mayLeave } from './call-state';
import { type Phrase, phrase } from './phrases';
import type { CallSessionOptions } from './ports';
import { apologyOf, transfersOnFailure } from './prewarm';
import { providerFailure } from './provider-failure';
import { Timers } from './timers';

const LAST_TRANSCRIPTS_MS = 800;
/** However long the agent still wants to speak: the end comes. */
export const LEAVE_WITHIN_MS = 30_000;
/** For an apology that is still being made when it is needed. */
const LAST_CHANCE_MS = 500;

export interface LeaveOptions {
  /** What is being said is cut off. */
  cut?: boolean;
  /** The caller may still object. */
  revocable?: boolean;
  /** Last words. */
  line?: Phrase;
  /** There is no vendor that could say or answer anything: only what is there already is said. */
  alone?: boolean;
}

export interface EndingHooks {
  /** The end is decided: nothing else is begun. */
  leaving(): void;
  /** The talk is over; its last words may still be to come. */
  over(): void;
  /** Nothing more comes. */
  settled(): void;
}

/** The way out of a call: what is being said is played first, then the last words, then the caller's last transcripts are awaited; then there is the report. Once. */
export class Ending {
  readonly done: Promise<ConversationReport>;
  /** Of the talk, epoch ms. */
  startedAt: number;
  /** What the caller was promised. */
  callback: ConversationReport['callback'];
  #resolveDone: (report: ConversationReport) => void = () => undefined;
  #optedOut = false;
  #transfer: ConversationReport['transfer'];
  #unreached: ConversationReport['unreached'];
  /** Why there is no AI provider any more. */
  #failure: string | undefined;
  readonly #timers: Timers<'transcripts'>;

  constructor(
    private readonly options: CallSessionOptions,
    private readonly parts: CallParts,
    private readonly stage: CallStage,
    private readonly hooks: EndingHooks,
  ) {
    this.done = new Promise((resolve) => {
      this.#resolveDone = resolve;
    });
    this.startedAt = options.clock.now();
    this.#timers = new Timers(options.clock);
  }

  /** Ends the talk in good order. */
  leave(end: ConversationEnd, options: LeaveOptions): void {
    const { stage } = this;
    if (!mayLeave(stage.state, end)) return;
    const { conversation, lines } = this.parts;
    const state = stage.enter({ kind: 'leaving', end, revocable: options.revocable === true });
    this.hooks.leaving();
    if (options.cut) conversation.cut({ all: true });
    conversation.setMode(state.revocable ? 'leaving' : 'closed');
    if (options.line?.verbatim) lines.prefetch(options.line.text);
    this.run(this.#depart(state, options.line, options.alone === true));
  }

  transfer(transfer: NonNullable<ConversationReport['transfer']>, options: LeaveOptions = {}): void {
    this.#transfer = transfer;
    this.leave('transfer_requested', options);
  }

  /** No person has come, and none will. */
  giveUp(unreached: NonNullable<ConversationReport['unreached']>, line?: Phrase): void {
    if (!this.stage.live || this.#unreached) return;
    this.#unreached = unreached;
    this.leave(unreached.because === 'silence' ? 'idle' : 'agent_ended', { cut: true, line });
  }

  optOut(by: 'voice' | 'key', text: string | undefined): void {
    if (!this.stage.live || this.#optedOut) return;
    this.#optedOut = true;
    this.options.emit({ kind: 'opt_out', by, text });
    this.leave('opted_out', { cut: by === 'key', line: phrase(this.options.setup.agent.language, 'optedOut') });
  }

  /** Nobody is there to talk any more: the caller is told so, by what was prepared for it, and given to a person or let go. */
  providerLost(error: string): void {
    const { setup, resume } = this.options;
    if (!this.stage.live) return;
    this.#failure = providerFailure(setup.agent.engine, error);
    if (this.stage.kind === 'voicemail') return;
    this.parts.conversation.providerLost();
    const line = apologyOf(setup, resume);
    if (transfersOnFailure(setup, resume)) this.transfer({ reason: 'The AI agent had a technical problem.' }, { line, alone: true });
    else this.leave('provider_failed', { line, alone: true });
  }

  /** The talk is over here and now. */
  finish(end: ConversationEnd, error?: string): void {
    const { stage } = this;
    if (!stage.live) return;
    const { speaker, conversation, link, reader } = this.parts;
    conversation.end();
    // What was heard is settled first: the report is made as soon as the state says that this is the end.
    speaker.close();
    if (conversation.callerSpeaks) link.engine.commitAudio();
    conversation.setMode('closed');
    stage.enter({ kind: 'settling', end, error });
    this.hooks.over();
    reader.changed();
    // The caller's last words are on their way; nobody waits long for them.
    if (conversation.awaitsTranscript && link.up) this.#timers.set('transcripts', LAST_TRANSCRIPTS_MS, () => this.#complete());
    else this.#complete();
  }

  /** Something was said: while the end settles, all of it may be known now. */
  changed(): void {
    if (!this.parts.conversation.awaitsTranscript) this.#complete();
  }

  /** A script of this call. It stops by itself when the state has moved on; an error in it ends the call, since nobody would go on. */
  run(script: Promise<unknown>): void {
    script.catch((error: unknown) => this.failed(error));
  }

  failed(error: unknown): void {
    this.options.log.error({ err: error }, 'the session failed');
    this.finish('provider_failed', error instanceof Error ? error.message : String(error));
  }

  async #depart(state: Extract<CallState, { kind: 'leaving' }>, line: Phrase | undefined, alone: boolean): Promise<void> {
    const { stage } = this;
    const { reader, conversation, speaker, lines } = this.parts;
    await reader.until(() => (alone ? !speaker.busy : conversation.idle), LEAVE_WITHIN_MS);
    if (!stage.at(state)) return;
    if (alone && line && !lines.ready(line.text))
      await Promise.race([lines.get(line.text).catch(() => undefined), reader.until(() => false, LAST_CHANCE_MS)]);
    if (!stage.at(state)) return;
    if (line && (!alone || lines.ready(line.text))) {
      const lastWords = stage.enter({ kind: 'last_words', end: state.end });
      conversation.setMode('closed');
      await reader.say(line, { interruptible: false });
      if (!stage.at(lastWords)) return;
    }
    this.finish(state.end);
  }

  #complete(): void {
    const { parts, stage } = this;
    if (stage.state.kind !== 'settling') return;
    const { end, error = this.#failure } = stage.state;
    stage.enter(end === 'transfer_requested' && parts.streamOpen ? { kind: 'holding' } : { kind: 'ended' });
    this.#timers.dispose();
    this.hooks.settled();
    parts.dispose();
    const { usage } = parts.checkpoint();
    this.#resolveDone({
      end,
      turns: parts.turns.turns(),
      usage,
      startedAt: this.startedAt,
      endedAt: this.options.clock.now(),
      transfer: end === 'transfer_requested' ? this.#transfer : undefined,
      callback: this.callback,
      toolCalls: parts.tools.records,
      ...(this.#unreached && { unreached: this.#unreached }),
      error,
    });
  }
}
