/** The one call of `patter doctor --live`: what it does to the line, so that the carrier shows how it behaves. Judges nothing. */
import type { Twilio } from 'twilio';
import { streamTwiml, webhookUrl } from '../../carriers/twilio';
import { refusalOrUnknown } from '../../carriers/twilio/outcome';
import type { Carrier } from '../../contracts/carrier';
import { PatterError } from '../../contracts/errors';
import { BYTES_PER_MS, encodeMulaw } from '../../contracts/g711';
import type { ProbeStream } from './probe-server';
import type { Recorded, Recording, RequestName, RequestResult } from './recording';

export interface ProbeTimings {
  /** How long the phone rings. */
  ringMs: number;
  /** Beyond the ringing, for the first stream to open. */
  streamMs: number;
  /** For the carrier's verdict on person or machine, counted from the first stream. */
  amdMs: number;
  /** Length of the tone whose mark should echo when it has been played. */
  toneMs: number;
  /** How much later than that is still right. */
  slackMs: number;
  /** Length of the tone that is cleared; its marks stand at the half and at the end. */
  clearedToneMs: number;
  /** How long the carrier has to go on after a stream was closed. */
  goOnMs: number;
  /** For the last callbacks after the end. */
  lateMs: number;
}

export const DEFAULT_PROBE_TIMINGS = {
  ringMs: 40_000,
  streamMs: 15_000,
  amdMs: 20_000,
  toneMs: 2_000,
  slackMs: 2_500,
  clearedToneMs: 12_000,
  goOnMs: 10_000,
  lateMs: 5_000,
} as const satisfies ProbeTimings;

/** A call that hangs costs no more than this. */
const TIME_LIMIT_S = 180;
const TONE_HZ = 440;
/** So much of the tone is heard before it is cleared. */
const CLEAR_AFTER_MS = 1_000;
/** Outside the range that is believed, then its upper end: the first that is accepted is the call. */
export const AMD_TIMEOUTS_S = [2, 60, 59] as const;
export const AMD_TIMEOUT_REFUSED = 21_234;

export interface ProbeCall {
  client: Twilio;
  carrier: Pick<Carrier, 'hangup'>;
  to: string;
  from: string;
  publicUrl: string;
  runId: string;
  token: string;
  recording: Recording;
  /** Of the server: by number, from 1. */
  streams: ReadonlyMap<number, ProbeStream>;
  timings: ProbeTimings;
  /** Told what the person on the phone should do. */
  tell: (line: string) => void;
  signal?: AbortSignal;
}

/**
 * Places the call and leads it to its end; whatever happens, a call that was placed is hung up.
 * @throws PatterError PATTER_CARRIER_REFUSED; UnknownOutcomeError: the phone may ring, and is not called again
 */
export async function performProbeCall(call: ProbeCall): Promise<void> {
  const callSid = await create(call);
  try {
    await converse(call, callSid);
  } finally {
    if (!endOf(call.recording.entries)) await request(call, 'hangup', () => call.carrier.hangup(callSid));
  }
  await call.recording.until(call.timings.goOnMs, endOf);
  await request(call, 'end_again', () => call.client.calls(callSid).update({ status: 'completed' }));
  await call.recording.until(call.timings.lateMs, () => undefined);
}

/** As the product creates its calls, but for the limit of the machine detection. */
async function create(call: ProbeCall): Promise<string> {
  const url = (path: 'status' | 'amd') => webhookUrl(call.publicUrl, path, { callId: call.runId });
  for (const machineDetectionTimeout of AMD_TIMEOUTS_S) {
    let callSid = '';
    const result = await request(
      call,
      'create',
      async () => {
        const created = await call.client.calls.create({
          to: call.to,
          from: call.from,
          twiml: streamTwiml(targetOf(call)),
          statusCallback: url('status'),
          statusCallbackMethod: 'POST',
          statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'],
          timeout: Math.ceil(call.timings.ringMs / 1_000),
          timeLimit: TIME_LIMIT_S,
          machineDetection: 'DetectMessageEnd',
          machineDetectionTimeout,
          asyncAmd: 'true',
          asyncAmdStatusCallback: url('amd'),
          asyncAmdStatusCallbackMethod: 'POST',
        });
        callSid = created.sid;
      },
      machineDetectionTimeout,
    );
    if (result.kind === 'accepted') return callSid;
    // Refused for anything but the limit: the next one would be refused too.
    if (result.httpStatus !== 400 || isAboutNumbers(result.code)) break;
  }
  const last = call.recording.entries.at(-1);
  const reason = last?.kind === 'request' && last.result.kind === 'refused' ? last.result : undefined;
  throw new PatterError('PATTER_CARRIER_REFUSED', `Twilio refused the call: ${reason?.message ?? 'no reason given'}`, {
    details: { vendorCode: reason?.code, httpStatus: reason?.httpStatus },
  });
}

/** 212xx: who calls whom, or what with; but not the configuration of the machine detection. */
function isAboutNumbers(code: number | undefined): boolean {
  return code !== undefined && code >= 21_200 && code < 21_300 && code !== AMD_TIMEOUT_REFUSED;
}

async function converse(call: ProbeCall, callSid: string): Promise<void> {
  const { recording, timings, tell } = call;
  tell('The phone rings: answer it, say hello, and press any key. You hear tones; the call ends by itself within a minute.');
  const first = await streamNumber(call, 1, timings.ringMs + timings.streamMs);
  if (!first) return;
  await playAndClear(call, first);
  await waitUnlessOver(call, timings.amdMs, (entries) => entries.find((entry) => entry.kind === 'callback' && entry.callback === 'amd'));

  tell('The stream is closed as it should be; then it is cut.');
  first.close();
  const second = await streamNumber(call, 2, timings.goOnMs);
  if (!second) return;
  await waitUnlessOver(call, timings.streamMs, framesOf(2, 5));

  second.terminate();
  let third = await streamNumber(call, 3, timings.goOnMs);
  if (!third && !endOf(recording.entries)) {
    await request(call, 'restream', () => call.client.calls(callSid).update({ twiml: streamTwiml(targetOf(call)) }));
    third = await streamNumber(call, 3, timings.goOnMs);
  }
  if (third) await waitUnlessOver(call, timings.streamMs, framesOf(3, 5));
  tell('Hanging up.');
}

/** First a tone that is played to its end, then one that is cleared while it plays. */
async function playAndClear(call: ProbeCall, stream: ProbeStream): Promise<void> {
  const { timings } = call;
  const echo = (name: string) => (entries: readonly Recorded[]) => entries.find((entry) => isMark(entry, name));
  stream.media(tone(timings.toneMs));
  stream.mark('played');
  await waitUnlessOver(call, timings.toneMs + timings.slackMs, echo('played'));

  const half = timings.clearedToneMs / 2;
  stream.media(tone(half));
  stream.mark('cleared-half');
  stream.media(tone(half));
  stream.mark('cleared-end');
  await waitUnlessOver(call, CLEAR_AFTER_MS, () => undefined);
  stream.clear();
  // Shorter than the tone: a mark that comes in this time was not played to.
  await waitUnlessOver(call, timings.clearedToneMs / 4, (entries) => echo('cleared-half')(entries) && echo('cleared-end')(entries));
}

export function isMark(entry: Recorded, name: string): boolean {
  const frame = entry.kind === 'frame' ? (entry.frame as { event?: unknown; mark?: { name?: unknown } }) : undefined;
  return frame?.event === 'mark' && frame.mark?.name === name;
}

/** The last status callback, once it has come. */
export function endOf(entries: readonly Recorded[]): Recorded | undefined {
  return entries.find(
    (entry) =>
      entry.kind === 'callback' &&
      entry.callback === 'status' &&
      /^(completed|busy|failed|no-answer|canceled)$/.test(entry.params.CallStatus ?? ''),
  );
}

async function streamNumber(call: ProbeCall, number: number, ms: number): Promise<ProbeStream | undefined> {
  await waitUnlessOver(call, ms, () => call.streams.get(number));
  return call.streams.get(number);
}

/** For something to come, no longer than `ms`, and not beyond the call. @throws the signal's reason */
async function waitUnlessOver(call: ProbeCall, ms: number, found: (entries: readonly Recorded[]) => unknown): Promise<void> {
  const { signal, recording } = call;
  signal?.throwIfAborted();
  await recording.until(ms, (entries) => found(entries) ?? endOf(entries), signal);
  signal?.throwIfAborted();
}

function framesOf(stream: number, count: number) {
  return (entries: readonly Recorded[]) =>
    entries.filter((entry) => entry.kind === 'frame' && entry.stream === stream).length >= count ? true : undefined;
}

/** @throws UnknownOutcomeError */
async function request(
  call: ProbeCall,
  name: RequestName,
  send: () => Promise<unknown>,
  machineDetectionTimeoutS?: number,
): Promise<RequestResult> {
  let result: RequestResult = { kind: 'accepted' };
  try {
    await send();
  } catch (error) {
    const { vendorCode: code, httpStatus, message } = refusalOrUnknown(error);
    result = { kind: 'refused', code, httpStatus, message };
  }
  call.recording.add({
    kind: 'request',
    request: name,
    result,
    ...(machineDetectionTimeoutS === undefined ? {} : { machineDetectionTimeoutS }),
  });
  return result;
}

/** Where each stream of the call leads, and who is asked when it has ended. */
export function targetOf({ publicUrl, runId, token }: Pick<ProbeCall, 'publicUrl' | 'runId' | 'token'>) {
  return { callId: runId, gatewayUrl: publicUrl, fallbackGatewayUrl: publicUrl, token };
}

function tone(ms: number): Uint8Array {
  const rate = BYTES_PER_MS * 1_000;
  return encodeMulaw(Int16Array.from({ length: ms * BYTES_PER_MS }, (_, i) => 6_000 * Math.sin((2 * Math.PI * TONE_HZ * i) / rate)));
}
