/** `/v2/calls/:call_control_id/actions/…`, but for those that connect two legs. */
import type Telnyx from 'telnyx';
import { speak } from '../audio';
import { fetchWavFrames, wavFrames } from '../phone/wav';
import { type BridgeBody, bridge, transfer } from './connect';
import { TelnyxApiError } from './errors';
import { Gather, type GatherOptions } from './gather';
import type { Leg } from './leg';
import type { PlayerItem } from './player';
import { recordCommandOptions, recordingOptions, startRecording } from './record';
import { streamOptions } from './stream-options';

/** The body of each command, by the vendor's own types. */
interface Bodies {
  answer: Telnyx.Calls.ActionAnswerParams;
  hangup: Telnyx.Calls.ActionHangupParams;
  reject: Telnyx.Calls.ActionRejectParams;
  transfer: Telnyx.Calls.ActionTransferParams;
  bridge: BridgeBody;
  speak: Telnyx.Calls.ActionSpeakParams;
  playback_start: Telnyx.Calls.ActionStartPlaybackParams;
  playback_stop: Telnyx.Calls.ActionStopPlaybackParams;
  gather: Telnyx.Calls.ActionGatherParams;
  gather_using_speak: Telnyx.Calls.ActionGatherUsingSpeakParams;
  gather_stop: Telnyx.Calls.ActionStopGatherParams;
  send_dtmf: Telnyx.Calls.ActionSendDtmfParams;
  record_start: Telnyx.Calls.ActionStartRecordingParams;
  record_stop: Telnyx.Calls.ActionStopRecordingParams;
  record_pause: Telnyx.Calls.ActionPauseRecordingParams;
  record_resume: Telnyx.Calls.ActionResumeRecordingParams;
  streaming_start: Telnyx.Calls.ActionStartStreamingParams;
  streaming_stop: Telnyx.Calls.ActionStopStreamingParams;
  client_state_update: Telnyx.Calls.ActionUpdateClientStateParams;
}

export type Action = keyof Bodies;
export type CommandBody = { command_id?: string; client_state?: string };

/** What comes back in `data` beside `result: ok`. */
type More = Record<string, unknown> | undefined;
type Handlers = { [A in Action]: (leg: Leg, body: Partial<Bodies[A]>) => More };

/** These take a leg that nobody has answered yet. */
const BEFORE_ANSWER = new Set<Action>(['answer', 'hangup', 'reject', 'transfer', 'client_state_update']);

const HANDLERS: Handlers = {
  answer(leg, body) {
    if (leg.params.direction === 'outgoing' || leg.isAnswered) throw new TelnyxApiError('10015', 'This call cannot be answered.');
    const stream = streamOptions(body);
    const recording = recordingOptions(body);
    if (body.webhook_url !== undefined) leg.params.webhookUrl = body.webhook_url;
    if (body.webhook_urls !== undefined) leg.params.webhookUrls = body.webhook_urls;
    if (body.custom_headers) leg.params.customHeaders = body.custom_headers;
    leg.params.stream = stream && { options: stream, beforeDialing: false };
    leg.answer();
    return recording && { recording_id: startRecording(leg, recording) };
  },

  hangup(leg) {
    const incoming = leg.params.direction === 'incoming';
    if (leg.isAnswered) leg.end('normal_clearing', incoming ? 'callee' : 'caller', 'api', 200);
    else if (incoming) leg.end('call_rejected', 'callee', 'api', 603);
    else leg.end('originator_cancel', 'caller', 'api', 487);
    return undefined;
  },

  reject(leg, { cause }) {
    if (leg.params.direction === 'outgoing' || leg.isAnswered) throw new TelnyxApiError('10015', 'This call cannot be rejected.');
    if (cause !== 'CALL_REJECTED' && cause !== 'USER_BUSY') throw new TelnyxApiError('10015', undefined, '/cause');
    if (cause === 'USER_BUSY') leg.end('user_busy', 'callee', 'api', 486);
    else leg.end('call_rejected', 'callee', 'api', 603);
    return undefined;
  },

  transfer,
  bridge,

  speak(leg, body) {
    const text = required(body.payload, '/payload');
    required(body.voice, '/voice');
    if (body.stop) leg.line.player.stop(body.stop === 'all' ? 'all' : 'current');
    leg.line.player.add({
      kind: 'say',
      frames: speak(plain(text, body.payload_type), leg.network.lab.options.baud),
      times: times(body.loop),
      started: () => leg.tell('call.speak.started', leg.ids),
      ended: (how) => leg.tell('call.speak.ended', { ...leg.ids, status: how === 'call_hangup' ? 'call_hangup' : 'completed' }),
    });
    return undefined;
  },

  playback_start(leg, body) {
    const url = body.audio_url;
    const content = body.playback_content;
    if (url === undefined && content === undefined) throw new TelnyxApiError('10004', undefined, '/audio_url');
    if (body.stop) leg.line.player.stop(body.stop === 'all' ? 'all' : 'current');
    const what = { media_url: url, overlay: body.overlay ?? false };
    const item: PlayerItem = {
      kind: 'play',
      frames: undefined,
      times: times(body.loop),
      started: () => leg.tell('call.playback.started', { ...leg.ids, ...what }),
      ended: (how) => leg.tell('call.playback.ended', { ...leg.ids, ...what, status: how }),
    };
    leg.line.player.add(item);
    void load(leg, item, url, content);
    return undefined;
  },

  playback_stop(leg, body) {
    leg.line.player.stop(body.stop === 'current' ? 'current' : 'all');
    return undefined;
  },

  gather(leg, body) {
    const gather = startGather(leg, { ...gatherOptions(body), firstMs: body.initial_timeout_millis ?? 5000 }, undefined);
    gather.listen();
    return undefined;
  },

  gather_using_speak(leg, body) {
    const text = plain(required(body.payload, '/payload'), body.payload_type);
    required(body.voice, '/voice');
    askAndGather(leg, text, body.invalid_payload ?? text, gatherOptions(body), body.maximum_tries ?? 3);
    return undefined;
  },

  gather_stop(leg) {
    leg.line.gather?.finish('cancelled');
    return undefined;
  },

  send_dtmf(leg, { digits }) {
    if (!/^[0-9A-Da-d*#wW]+$/.test(required(digits, '/digits'))) throw new TelnyxApiError('10015', undefined, '/digits');
    const keys = (digits as string).replace(/w/gi, '');
    leg.entry.dtmfHeard = (leg.entry.dtmfHeard ?? '') + keys;
    for (const key of keys) leg.phone?.hearKey(key);
    return undefined;
  },

  record_start: (leg, body) => ({ recording_id: startRecording(leg, recordCommandOptions(body)) }),

  record_stop(leg) {
    leg.line.stopRecording();
    return undefined;
  },

  record_pause(leg) {
    leg.line.recorder?.pause();
    return undefined;
  },

  record_resume(leg) {
    leg.line.recorder?.resume();
    return undefined;
  },

  streaming_start(leg, body) {
    const options = streamOptions(body);
    if (!options) throw new TelnyxApiError('10004', undefined, '/stream_url');
    if (leg.line.stream) throw new TelnyxApiError('10015', 'A stream of this call is active already.');
    leg.line.openStream(options);
    return undefined;
  },

  streaming_stop(leg, { stream_id: id }) {
    if (id === undefined || leg.line.stream?.id === id) leg.line.stream?.close();
    return undefined;
  },

  client_state_update(_leg, { client_state: state }) {
    required(state, '/client_state');
    return undefined;
  },
};

export function isAction(name: string): name is Action {
  return Object.hasOwn(HANDLERS, name);
}

/** @throws TelnyxApiError */
export function perform(leg: Leg, action: Action, body: CommandBody): Record<string, unknown> {
  if (leg.isOver) throw new TelnyxApiError('90018');
  if (!leg.isAnswered && !BEFORE_ANSWER.has(action)) throw new TelnyxApiError('90034');
  if (body.client_state !== undefined) leg.clientState = body.client_state;
  const handler = HANDLERS[action] as (leg: Leg, body: CommandBody) => More;
  return { result: 'ok', ...handler(leg, body) };
}

function gatherOptions(body: Partial<Telnyx.Calls.ActionGatherParams | Telnyx.Calls.ActionGatherUsingSpeakParams>): GatherOptions {
  return {
    least: body.minimum_digits ?? 1,
    most: body.maximum_digits ?? 128,
    terminator: body.terminating_digit ?? '#',
    validDigits: body.valid_digits ?? '0123456789#*',
    firstMs: body.timeout_millis ?? 60_000,
    nextMs: body.inter_digit_timeout_millis ?? 5000,
  };
}

/** @param again what is to be done instead of an end without valid digits */
function startGather(leg: Leg, options: GatherOptions, again: (() => void) | undefined): Gather {
  leg.line.gather?.finish('cancelled');
  const gather = new Gather(
    options,
    (ms, fn) => leg.after(ms, fn),
    (how, digits) => {
      leg.line.gather = undefined;
      if (again && (how === 'timeout' || how === 'invalid')) again();
      else leg.tell('call.gather.ended', { ...leg.ids, ...leg.parties, digits, status: how });
    },
  );
  leg.line.gather = gather;
  return gather;
}

function askAndGather(leg: Leg, text: string, next: string, options: GatherOptions, triesLeft: number): void {
  const again = triesLeft > 1 ? () => askAndGather(leg, next, next, options, triesLeft - 1) : undefined;
  const gather = startGather(leg, options, again);
  leg.line.player.add({
    kind: 'say',
    frames: speak(text, leg.network.lab.options.baud),
    times: 1,
    started: () => undefined,
    ended: () => gather.listen(),
  });
}

async function load(leg: Leg, item: PlayerItem, url: string | undefined, content: string | undefined): Promise<void> {
  const abandoned = new AbortController();
  try {
    item.frames = url === undefined ? wavFrames(Buffer.from(content ?? '', 'base64')) : await fetchWavFrames(url, abandoned.signal);
  } catch (error) {
    leg.network.lab.log.debug({ err: error }, 'audio for a playback cannot be had');
    leg.line.player.fail(item, /status 404/.test((error as Error).message) ? 'file_not_found' : 'failed');
  }
}

function times(loop: Telnyx.Calls.Loopcount | undefined): number {
  if (loop === undefined) return 1;
  return Number.isFinite(Number(loop)) ? Math.max(1, Number(loop)) : Number.POSITIVE_INFINITY;
}

/** The lab's voice reads words, not markup. */
function plain(text: string, type: 'text' | 'ssml' | undefined): string {
  return type === 'ssml' ? text.replace(/<[^>]*>/g, '') : text;
}

function required<T>(value: T | undefined, pointer: string): T {
  if (value === undefined) throw new TelnyxApiError('10004', undefined, pointer);
  return value;
}
