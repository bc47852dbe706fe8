import { randomUUID } from 'node:crypto';
import type { ElevenLabsConvaiSpec } from '../../../contracts/agent';
import type { TranscriptTurn } from '../../../contracts/call';
import type { Clock } from '../../../contracts/clock';
import { PatterError } from '../../../contracts/errors';
import type { Logger } from '../../../runtime/log';
import { AudioBacklog } from '../audio-backlog';
import type { EngineEvent, HistoryPlace, RespondOptions, VoiceEngine } from '../engine';
import { EventOutlet } from '../event-outlet';
import { Answers } from './answers';
import { CallerPresence } from './caller-presence';
import { CallerTurns } from './caller-turns';
import { type InitiationMetadata, initiationOf, wrongFormats } from './initiation';
import { Prompts } from './prompts';
import type { ServerEvent } from './server-event';
import { type ClientEvent, ConvaiSocket } from './socket';
import { Stopwatch } from './stopwatch';
import { GO_ON, heardOnlyNote, historyNote, orderOf, resultNote, unheardNote } from './wording';

export interface ElevenLabsConvaiOptions {
  spec: Pick<ElevenLabsConvaiSpec, 'agentId' | 'override'>;
  instructions: string;
  /** BCP 47. */
  language: string;
  variables: Readonly<Record<string, string>>;
  /** The first message is the one of the agent's settings at ElevenLabs: the call has none of its own. */
  greets: boolean;
  apiKey: string | undefined;
  /** Without `/v1`. */
  baseUrl: string;
  clock: Clock;
  log: Logger;
}

const READY_TIMEOUT_MS = 5_000;
/** The agent's own first message comes by then, or it has none. */
const OPENING_MS = 1_000;
const NORMAL_CLOSE = 1000;

type State =
  | { kind: 'opening'; waiting: ClientEvent[] }
  /** The conversation was accepted. */
  | { kind: 'open' }
  | { kind: 'closed' };

/**
 * An agent as it is set up at ElevenLabs. It hears, thinks, speaks and takes its turns by itself; what of it the caller hears, and when, is decided outside,
 * as for every engine. There is no way to change what it remembers: it is told what was heard, and what was said and done by others.
 */
export class ElevenLabsConvai implements VoiceEngine {
  readonly ready: Promise<void>;
  readonly wordsTell = true;
  readonly #socket: ConvaiSocket;
  readonly #backlog: AudioBacklog;
  readonly #answers: Answers;
  readonly #turns: CallerTurns;
  readonly #stopwatch: Stopwatch;
  readonly #prompts: Prompts;
  readonly #presence: CallerPresence;
  #state: State = { kind: 'opening', waiting: [] };
  readonly #events = new EventOutlet();
  #settleReady: { resolve: () => void; reject: (error: Error) => void } | undefined;
  /** To be done when the present answer has ended. */
  #next: RespondOptions | undefined;
  readonly #toolCalls = new Set<string>();
  /** The vendor's own words for what went wrong, for when it closes without any. */
  #problem: string | undefined;
  #spoke = false;
  #cancelOpening: () => void = () => undefined;

  constructor(private readonly options: ElevenLabsConvaiOptions) {
    const { spec, apiKey, baseUrl, clock, log, greets } = options;
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject };
    });
    // Whoever waits sees the rejection; when nobody does, it is no unhandled one.
    this.ready.catch(() => undefined);
    const cancelDeadline = clock.after(READY_TIMEOUT_MS, () => this.#fail('was not ready in time'));
    this.ready.then(cancelDeadline, cancelDeadline);
    const prefix = randomUUID().slice(0, 8);
    this.#turns = new CallerTurns(prefix, (event) => this.#emit(event));
    this.#answers = new Answers(prefix, greets, clock, {
      emit: (event) => this.#answered(event),
      begins: () => {
        const open = this.#turns.open;
        // Before it is told: the answer to it is here already.
        if (open) this.#answers.trigger();
        this.#turns.answered();
        return open;
      },
      openingOver: () => void this.#prompts.openingOver(),
      unheard: (text) => this.#tell(unheardNote(text)),
    });
    this.#prompts = new Prompts({
      awaitsOpening: () => this.#answers.awaitsOpening,
      ask: (text) => this.#send({ type: 'user_message', text }),
      unanswered: (text) => this.#tell(historyNote([{ role: 'user', text }])),
    });
    this.#presence = new CallerPresence(clock, () => this.#send({ type: 'user_activity' }));
    this.#stopwatch = new Stopwatch(clock, (seconds) => this.#used(seconds));
    this.#socket = new ConvaiSocket(
      { agentId: spec.agentId, apiKey, baseUrl, clock },
      {
        open: () => this.#socket.send(initiationOf(options)),
        event: (event) => this.#onEvent(event),
        strange: (type) => log.warn({ type }, 'ElevenLabs sent an event of an unknown kind; such events are ignored'),
        closed: (error, code) => this.#socketClosed(error, code),
      },
    );
    this.#backlog = new AudioBacklog((audio) => this.#socket.sendAudio(audio));
  }

  get responding(): boolean {
    return this.#answers.busy || this.#next !== undefined;
  }

  listen(listener: (event: EngineEvent) => void): void {
    this.#events.listen(listener);
  }

  appendAudio(mulaw: Uint8Array): void {
    if (this.#state.kind === 'closed') return;
    this.#presence.heard();
    this.#turns.push(mulaw);
    this.#backlog.push(mulaw);
  }

  /** The vendor finds the end of turns, and cannot be told. */
  commitAudio(): void {}

  respond(options: RespondOptions = {}): void {
    if (this.#state.kind === 'closed') return;
    if (this.#answers.busy) {
      this.#next = options;
      return;
    }
    const done = this.#prompts.takeDone();
    const order = orderOf(options, this.options.instructions);
    if (order === undefined && done.length === 0 && (this.#answers.owed || this.#answers.kept)) {
      this.#answers.ask();
      return;
    }
    // Whatever is there was said before this.
    this.#answers.discard();
    this.#answers.trigger();
    this.#answers.ask();
    const text = [...done, ...(order === undefined ? [] : [order])].join('\n');
    this.#prompts.ask(text === '' ? GO_ON : text);
  }

  cancel(): void {
    this.#next = undefined;
    this.#prompts.forget();
    this.#answers.cancel();
  }

  interrupt(itemId: string, heardMs: number): void {
    const heard = this.#answers.heard(itemId, heardMs);
    if (heard !== undefined) this.#tell(heardOnlyNote(heard));
  }

  /** What is told stands where it is told. That it was said before the caller's last words can only be told too. */
  place(): HistoryPlace {
    return { after: String(this.#turns.understood) };
  }

  addAssistantText(text: string, place?: HistoryPlace): void {
    const late = place?.after !== undefined && place.after !== String(this.#turns.understood);
    this.#tell(historyNote([{ role: 'assistant', text }], late));
  }

  addUserText(text: string): void {
    this.#prompts.did(text);
  }

  addHistory(turns: readonly TranscriptTurn[]): void {
    if (turns.length === 0) return;
    this.#answers.greetNobody();
    this.#tell(historyNote(turns));
  }

  toolResult(toolCallId: string, output: string): void {
    if (!this.#toolCalls.delete(toolCallId)) {
      // The call was made on an earlier socket.
      this.#tell(resultNote(output));
      return;
    }
    this.#answers.trigger();
    this.#send({ type: 'client_tool_result', tool_call_id: toolCallId, result: output, is_error: isError(output) });
  }

  agentSpeaking(speaking: boolean): void {
    this.#presence.agentSpeaking(speaking);
  }

  close(): void {
    if (this.#state.kind === 'closed') return;
    this.#settleReady?.reject(new PatterError('PATTER_PROVIDER_FAILED', 'ElevenLabs was closed before it was ready'));
    this.#end();
    this.#socket.close();
  }

  #end(): void {
    this.#stopwatch.stop();
    this.#state = { kind: 'closed' };
    this.#next = undefined;
    this.#answers.close();
    this.#presence.close();
    this.#cancelOpening();
  }

  #emit(event: EngineEvent): void {
    if (this.#state.kind !== 'closed') this.#events.emit(event);
  }

  #fail(error: string): void {
    if (this.#state.kind === 'closed') return;
    const message = `ElevenLabs ${error}`;
    this.#settleReady?.reject(new PatterError('PATTER_PROVIDER_FAILED', message));
    this.#stopwatch.stop();
    this.#emit({ kind: 'closed', error: message });
    this.#end();
    this.#socket.close();
  }

  /** A clean end after the agent has spoken is the agent's own: its settings have a tool that hangs up. */
  #socketClosed(error: string, code: number | undefined): void {
    if (this.#state.kind === 'open' && code === NORMAL_CLOSE && this.#spoke && this.#problem === undefined) {
      this.#answers.end();
      this.#emit({ kind: 'tool_call', toolCallId: `closed_${randomUUID().slice(0, 8)}`, name: 'end_call', arguments: '{}' });
    }
    this.#fail(this.#problem === undefined ? error : `${error} after the error ${this.#problem}`);
  }

  #send(event: ClientEvent): void {
    switch (this.#state.kind) {
      case 'opening':
        this.#state.waiting.push(event);
        break;
      case 'open':
        this.#socket.send(event);
        break;
      case 'closed':
        break;
      default:
        this.#state satisfies never;
    }
  }

  /** Something to know, and nothing to answer. */
  #tell(text: string): void {
    this.#send({ type: 'contextual_update', text });
  }

  #onEvent(event: ServerEvent): void {
    switch (event.type) {
      case 'conversation_initiation_metadata':
        this.#opened(event.conversation_initiation_metadata_event);
        break;
      case 'audio': {
        const { audio_base_64, event_id, alignment } = event.audio_event;
        this.#answers.audio(Buffer.from(audio_base_64, 'base64'), event_id, alignment ?? undefined);
        break;
      }
      case 'agent_response':
        this.#answers.response(event.agent_response_event.agent_response, event.agent_response_event.event_id);
        break;
      case 'agent_response_correction':
        // What the vendor believes was heard. It does not know when its audio is played: the record goes by the playback.
        break;
      case 'user_transcript':
        this.#transcript(event.user_transcription_event.user_transcript.trim());
        break;
      case 'tentative_user_transcript':
        this.#turns.tentative(event.tentative_user_transcription_event.user_transcript);
        break;
      case 'interruption':
        if (!this.#answers.interruption(event.interruption_event.event_id)) break;
        this.#emit({ kind: 'interrupted' });
        this.#answers.end();
        break;
      case 'client_tool_call': {
        const { tool_call_id: toolCallId, tool_name: name, parameters } = event.client_tool_call;
        if (this.#toolCalls.has(toolCallId)) break;
        this.#toolCalls.add(toolCallId);
        this.#emit({ kind: 'tool_call', toolCallId, name, arguments: JSON.stringify(parameters ?? {}) });
        this.#answers.toolCalled();
        break;
      }
      case 'error': {
        const { code, error_type, message, reason } = event.error_event;
        this.#problem = [error_type ?? code, message ?? reason].filter(Boolean).join(': ').slice(0, 300);
        this.options.log.warn({ code, errorType: error_type, reason: message ?? reason }, 'ElevenLabs reports an error');
        this.#answers.fail(this.#problem);
        break;
      }
      case 'ping':
        break;
      default:
        event satisfies never;
    }
  }

  #opened(metadata: InitiationMetadata): void {
    if (this.#state.kind !== 'opening') return;
    const wrong = wrongFormats(this.options.spec.agentId, metadata);
    if (wrong) {
      const { agentId } = this.options.spec;
      this.options.log.error({ agentId, ...wrong.formats }, 'the audio formats of the ElevenLabs agent are not those of a telephone');
      this.#fail(wrong.problem);
      return;
    }
    this.options.log.info({ conversationId: metadata.conversation_id }, 'ElevenLabs conversation opened');
    const { waiting } = this.#state;
    this.#state = { kind: 'open' };
    this.#stopwatch.start();
    for (const event of waiting) this.#socket.send(event);
    this.#backlog.open();
    this.#presence.opened();
    this.#cancelOpening = this.options.clock.after(OPENING_MS, () => this.#noOpening());
    this.#settleReady?.resolve();
  }

  /** The agent has no first message; if one is waited for, it is told to begin. */
  #noOpening(): void {
    if (!this.#answers.awaitsOpening) return;
    this.#answers.noOpening();
    if (this.#prompts.openingOver()) return;
    if (this.#answers.busy) this.#send({ type: 'user_message', text: GO_ON });
    else this.#answers.discard();
  }

  #transcript(text: string): void {
    // Before it is told: whoever hears of it may ask for the answer at once.
    if (text !== '' && !this.#turns.answeredUnread) {
      this.#answers.callerTurn();
      this.#prompts.forget();
    }
    this.#turns.transcript(text);
  }

  /** What comes of the answers; after one of them has ended the next one may be asked for. */
  #answered(event: EngineEvent): void {
    if (event.kind === 'audio') this.#spoke = true;
    this.#emit(event);
    if (event.kind !== 'response_done' || this.#answers.busy) return;
    const next = this.#next;
    this.#next = undefined;
    if (next) this.respond(next);
  }

  #used(seconds: number): void {
    const { agentId } = this.options.spec;
    this.#emit({ kind: 'usage', lines: [{ provider: 'elevenlabs', service: 'convai', item: agentId, unit: 'second', quantity: seconds }] });
  }
}

function isError(output: string): boolean {
  try {
    const parsed: unknown = JSON.parse(output);
    return typeof parsed === 'object' && parsed !== null && Object.keys(parsed).join() === 'error';
  } catch {
    return false;
  }
}
