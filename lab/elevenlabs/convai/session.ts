/** One conversation with an agent: the client's messages in, the vendor's events out. Knows no socket. */
import type { ConversationMetadata, Incoming, Interruption, Ping } from '@elevenlabs/types';
import type { Clock } from '../../../contracts/clock';
import { Brain, type BrainTurn, type Thought } from '../../openai/brain/brain';
import type { BrainRule } from '../../openai/brain/brain-rules';
import { newId } from '../../openai/ids';
import type { FunctionTool } from '../../openai/realtime/session-config';
import { textWithin } from '../../voice';
import { type SpokenPart, speakInParts } from '../speaking';
import { type ConvaiAgent, HANG_UP } from './agents';
import { CallerEar } from './caller-ear';
import { type Initiation, readClientMessage } from './client-message';
import type { ConvaiEntry } from './ledger-entry';
import { AgentMemory } from './memory';

export type ServerEvent =
  | ConversationMetadata
  | Incoming.AudioClientEvent
  | Incoming.AgentResponseClientEvent
  | Incoming.AgentResponseCorrectionClientEvent
  | Incoming.UserTranscriptionClientEvent
  | Incoming.TentativeUserTranscriptionClientEvent
  | Incoming.VadScoreClientEvent
  | Incoming.ClientToolCallClientEvent
  | Incoming.ErrorClientEvent
  | Interruption
  | Ping;

export interface ConvaiSessionDeps {
  clock: Clock;
  baud: number;
  agent: ConvaiAgent;
  rules: readonly BrainRule[];
  tools: readonly FunctionTool[];
  entry: ConvaiEntry;
  send(event: ServerEvent): void;
  close(by: NonNullable<ConvaiEntry['closedBy']>, code: number, reason: string): void;
  /** Whether audio of an interrupted answer comes late. */
  lateAudio(): boolean;
  /** So much audio has been sent. */
  spoke(): void;
}

/** From the end of a turn to the first audio, and between two parts: forty times real time. */
const TRANSCRIBE_MS = 30;
const THINK_MS = 60;
const PART_EVERY_MS = 5;
const LATE_MS = 30;
const PING_EVERY_MS = 1_000;
const PONG_WITHIN_MS = 2_000;
const POLICY_VIOLATION = 1008;

interface Speech {
  turn: BrainTurn;
  text: string;
  noted: ConvaiEntry['said'][number];
  from: number;
  untilMs: number;
  parts: { id: number; part: SpokenPart }[];
}

export class ConvaiSession {
  private readonly memory = new AgentMemory();
  private readonly brain: Brain;
  private readonly ear: CallerEar;
  private readonly timers = new Set<() => void>();
  private initiated = false;
  private instructions: string;
  private ids = 0;
  private speech: Speech | undefined;
  private cancelThought: () => void = () => {};
  private cancelNudge: () => void = () => {};
  private readonly openCalls = new Set<string>();
  private unanswered: number | undefined;

  constructor(private readonly deps: ConvaiSessionDeps) {
    this.brain = new Brain(deps.rules);
    this.instructions = deps.agent.prompt;
    this.ear = new CallerEar(deps.baud, { speaks: () => this.callerSpeaks(), turnOver: (text) => this.turnOver(text) });
  }

  receive(frame: string): void {
    const message = readClientMessage(frame);
    if (!message) {
      this.fail('invalid_message', `Invalid message: ${frame.slice(0, 80)}`);
      return;
    }
    const { entry } = this.deps;
    if ('user_audio_chunk' in message) {
      if (!this.initiated) return;
      this.ear.push(Buffer.from(message.user_audio_chunk, 'base64'));
      entry.inputMs = this.ear.positionMs;
      return;
    }
    switch (message.type) {
      case 'conversation_initiation_client_data':
        this.initiate(message);
        break;
      case 'pong':
        entry.pongs++;
        if (message.event_id === this.unanswered) this.unanswered = undefined;
        break;
      case 'user_activity':
        entry.activities++;
        this.awaitCaller();
        break;
      case 'contextual_update':
        entry.contextualUpdates.push(message.text);
        this.memory.told(message.text);
        break;
      case 'user_message': {
        entry.userMessages.push(message.text);
        // Brackets around all of it: an order, as a model takes it.
        const order = /^\[(?!DTMF)[\s\S]*\]$/.test(message.text) ? message.text.slice(1, -1) : undefined;
        if (order === undefined) this.memory.add({ role: 'user', text: message.text });
        this.think(order);
        break;
      }
      case 'client_tool_result':
        this.toolResult(message.tool_call_id, message.result, message.is_error);
        break;
      default:
        message satisfies never;
    }
  }

  stop(): void {
    this.cancelThought();
    this.cancelNudge();
    for (const cancel of this.timers) cancel();
    this.timers.clear();
  }

  private initiate(message: Initiation): void {
    const { agent, entry, send } = this.deps;
    if (this.initiated) return;
    this.initiated = true;
    entry.initiation = message as Record<string, unknown>;
    const { agent: wanted, tts } = message.conversation_config_override ?? {};
    const overrides = {
      prompt: wanted?.prompt?.prompt,
      llm: wanted?.prompt?.llm,
      first_message: wanted?.first_message,
      language: wanted?.language,
      voice_id: tts?.voice_id,
      stability: tts?.stability,
      similarity_boost: tts?.similarity_boost,
      speed: tts?.speed,
    };
    for (const [name, value] of Object.entries(overrides)) {
      if (value === undefined || (agent.allows as string[]).includes(name)) continue;
      this.fail('override_error', `Override for field '${name}' is not allowed by config.`);
      return;
    }
    const missing = agent.needs.filter((name) => message.dynamic_variables?.[name] === undefined);
    if (missing.length > 0) {
      this.fail('missing_dynamic_variable', `Missing required dynamic variables: ${missing.join(', ')}`);
      return;
    }
    const filled = (text: string) => text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(message.dynamic_variables?.[name] ?? ''));
    this.instructions = filled(overrides.prompt ?? agent.prompt);
    send({
      type: 'conversation_initiation_metadata',
      conversation_initiation_metadata_event: {
        conversation_id: entry.conversationId,
        agent_output_audio_format: agent.outputFormat,
        user_input_audio_format: agent.inputFormat,
      },
    });
    this.ping();
    const firstMessage = filled(overrides.first_message ?? agent.firstMessage);
    if (firstMessage !== '') this.later(THINK_MS, () => this.say(firstMessage));
    this.awaitCaller();
  }

  private ping(): void {
    const { entry, send, close } = this.deps;
    this.later(PING_EVERY_MS, () => {
      this.ping();
      if (this.unanswered !== undefined) return;
      const id = ++this.ids;
      this.unanswered = id;
      entry.pings++;
      send({ type: 'ping', ping_event: { event_id: id, ping_ms: 20 } });
      this.later(PONG_WITHIN_MS, () => {
        if (this.unanswered === id) close('silent', 1002, 'ping was not answered');
      });
    });
  }

  private callerSpeaks(): void {
    this.cancelNudge();
    this.cancelThought();
    const { agent, send, entry, clock } = this.deps;
    const { speech } = this;
    if (!speech || !agent.interruptible || clock.monotonic() >= speech.untilMs) return;
    this.speech = undefined;
    const id = ++this.ids;
    entry.interruptions.push(id);
    if (agent.events.includes('interruption')) send({ type: 'interruption', interruption_event: { event_id: id } });
    const heard = textWithin(speech.text, (clock.monotonic() - speech.from) * 8, { sampleRate: 8000, baud: this.deps.baud }).trim();
    this.memory.correct(speech.turn, heard);
    speech.noted.correctedTo = heard;
    if (agent.events.includes('agent_response_correction')) {
      send({
        type: 'agent_response_correction',
        agent_response_correction_event: { original_agent_response: speech.text, corrected_agent_response: heard, event_id: id },
      });
    }
    if (this.deps.lateAudio()) {
      // What was under way in another machine, with ids from before.
      const late = [...speech.parts, ...(speech.parts.length > 0 ? [] : this.numbered(speakInParts('LATE AUDIO', this.deps.baud), 0))];
      this.later(LATE_MS, () => {
        for (const { id: partId, part } of late) this.sendAudio(Math.min(partId, id), part);
      });
    }
  }

  private turnOver(text: string): void {
    const { agent, send, entry, clock } = this.deps;
    entry.heard.push({ text, at: clock.now() });
    if (agent.events.includes('tentative_user_transcript')) {
      send({ type: 'tentative_user_transcript', tentative_user_transcription_event: { user_transcript: text, event_id: ++this.ids } });
    }
    this.later(TRANSCRIBE_MS, () => {
      if (agent.events.includes('user_transcript')) {
        send({ type: 'user_transcript', user_transcription_event: { user_transcript: text, event_id: ++this.ids } });
      }
      this.memory.add({ role: 'user', text });
      this.think();
    });
  }

  private think(order?: string): void {
    this.cancelThought();
    this.cancelNudge();
    this.cancelThought = this.deps.clock.after(THINK_MS, () => {
      const { turns } = this.memory;
      this.act(this.brain.think({ instructions: this.instructions, ...(order !== undefined && { order }), tools: this.deps.tools, turns }));
    });
  }

  private act({ say, calls }: Thought): void {
    if (say) this.say(say);
    for (const call of calls) {
      if (call.name === HANG_UP) {
        const restMs = Math.max(0, (this.speech?.untilMs ?? 0) - this.deps.clock.monotonic());
        this.later(restMs + 50, () => this.deps.close('agent', 1000, ''));
        continue;
      }
      const id = newId('call');
      const args = JSON.stringify(call.arguments);
      this.openCalls.add(id);
      this.brain.called(call.name, id);
      this.memory.add({ role: 'call', callId: id, name: call.name, arguments: args });
      this.deps.entry.toolCalls.push({ id, name: call.name, arguments: args });
      // While the audio of what was said before is still on its way.
      this.deps.send({
        type: 'client_tool_call',
        client_tool_call: { tool_name: call.name, tool_call_id: id, parameters: call.arguments, event_id: ++this.ids },
      });
    }
  }

  private toolResult(id: string, result: string, isError: boolean): void {
    if (!this.openCalls.delete(id)) {
      this.fail('invalid_message', `No tool call ${id} waits for a result.`);
      return;
    }
    const call = this.deps.entry.toolCalls.find((other) => other.id === id);
    if (call) Object.assign(call, { result, isError });
    this.memory.add({ role: 'result', callId: id, output: result });
    if (this.openCalls.size > 0) return;
    // What was said before is sent first.
    const wait = () => {
      if (this.speech && this.speech.parts.length > 0) this.later(PART_EVERY_MS, wait);
      else this.think();
    };
    wait();
  }

  private say(text: string): void {
    const { deps } = this;
    const { clock, entry, send, baud } = deps;
    const parts = speakInParts(text, baud);
    const audioMs = parts.reduce((sum, { audio }) => sum + audio.length / 8, 0);
    const turn: BrainTurn = { role: 'assistant', text };
    this.memory.add(turn);
    const noted: ConvaiEntry['said'][number] = { text, at: clock.now() };
    entry.said.push(noted);
    send({ type: 'agent_response', agent_response_event: { agent_response: text, event_id: ++this.ids } });
    const from = Math.max(clock.monotonic(), this.speech?.untilMs ?? 0);
    const speech: Speech = { turn, text, noted, from, untilMs: from + audioMs, parts: this.numbered(parts, ++this.ids) };
    this.ids += parts.length;
    this.speech = speech;
    this.sendNext(speech);
    this.awaitCaller();
  }

  private numbered(parts: SpokenPart[], from: number): { id: number; part: SpokenPart }[] {
    return parts.map((part, index) => ({ id: from + index, part }));
  }

  private sendNext(speech: Speech): void {
    if (this.speech !== speech) return;
    const next = speech.parts.shift();
    if (!next) return;
    this.sendAudio(next.id, next.part);
    this.later(PART_EVERY_MS, () => this.sendNext(speech));
  }

  private sendAudio(id: number, { audio, alignment }: SpokenPart): void {
    const { deps } = this;
    deps.entry.audioMs += audio.length / 8;
    const { chars, charStartTimesMs, charDurationsMs } = alignment;
    deps.send({
      type: 'audio',
      audio_event: {
        audio_base_64: audio.toString('base64'),
        event_id: id,
        ...(deps.agent.aligned && {
          alignment: { chars, char_start_times_ms: charStartTimesMs, char_durations_ms: charDurationsMs },
        }),
      },
    });
    deps.spoke();
  }

  /** The vendor's own turn time-out: it speaks up unasked. */
  private awaitCaller(): void {
    this.cancelNudge();
    const { clock, agent } = this.deps;
    const playingMs = Math.max(0, (this.speech?.untilMs ?? 0) - clock.monotonic());
    this.cancelNudge = clock.after(playingMs + agent.nudgeAfterMs, () => this.say('Hello? Are you still with me?'));
  }

  private fail(type: Incoming.ErrorClientEvent['error_event']['error_type'], message: string): void {
    const { deps } = this;
    deps.entry.errors.push({ code: POLICY_VIOLATION, type: String(type), message, at: deps.clock.now() });
    deps.send({ type: 'error', error_event: { code: POLICY_VIOLATION, message, error_type: type } });
    deps.close('lab', POLICY_VIOLATION, message.slice(0, 100));
  }

  private later(ms: number, fn: () => void): void {
    const cancel = this.deps.clock.after(ms, () => {
      this.timers.delete(cancel);
      fn();
    });
    this.timers.add(cancel);
  }
}
