/** What a program behind `connect()` and the control API say to each other, as JSON over one WebSocket. docs/self-hosting.md describes it. */
import { z } from 'zod';
import { e164 } from './campaign';
import { CARRIERS } from './carrier';
import { PROVIDER_CREDENTIALS } from './provider-credentials';
import { sttSchema, ttsSchema } from './providers';

export const SDK_SOCKET_PATH = '/v1/sdk';
/** Where gateways ask for an answer; signed with PATTER_SECRET_KEY. */
export const SDK_RELAY_PATH = '/internal/sdk/message';
/** The `onMessage` of an agent whose answers come from a connected program. It leads to the control API, wherever that is. */
export const SDK_RELAY_URL = 'patter-sdk://connected';

export function isSdkRelay(url: string): boolean {
  return url.startsWith('patter-sdk:');
}

/** Close codes of the socket: a client does not come back after these. */
export const SDK_CLOSE = { unauthorized: 4401, refused: 4403 } as const;

/** How one end of a socket sees that the other lives. */
export interface SocketLiveness {
  /** Both ends send pings as often. */
  pingEveryMs: number;
  /** The other end is given up when nothing has come from it for so long. */
  deadAfterMs: number;
}

/** Of both ends of a program's socket. */
export const SDK_LIVENESS = { pingEveryMs: 5_000, deadAfterMs: 12_000 } as const satisfies SocketLiveness;

const id = z.string().min(1).max(300);
const credentials = z
  .strictObject({
    twilio: PROVIDER_CREDENTIALS.twilio.optional(),
    telnyx: PROVIDER_CREDENTIALS.telnyx.optional(),
    openai: PROVIDER_CREDENTIALS.openai.optional(),
    deepgram: PROVIDER_CREDENTIALS.deepgram.optional(),
    elevenlabs: PROVIDER_CREDENTIALS.elevenlabs.optional(),
  })
  .default({});

export const sdkHelloSchema = z.strictObject({
  type: z.literal('hello'),
  version: z.literal(1),
  /** The same over all connections of one program's `connect()`. */
  clientId: id,
  /** Which of these connections this is: a later one replaces the ones before. */
  connection: z.number().int().min(0).default(0),
  /** Absent: the key's, or the tenant's only one. */
  number: e164.optional(),
  carrier: z.enum(CARRIERS).optional(),
  credentials,
  stt: sttSchema.optional(),
  tts: ttsSchema.optional(),
  /** BCP 47. */
  language: z.string().max(35).optional(),
});
export type SdkHello = z.output<typeof sdkHelloSchema>;

export const sdkClientMessage = z.discriminatedUnion('type', [
  sdkHelloSchema,
  /** A piece of an answer that is still being made; pieces count from 0. */
  z.strictObject({ type: z.literal('part'), id, index: z.number().int().min(0), text: z.string().max(64_000) }),
  /** The end of an answer: the whole of it, or what came after the pieces. `endCall`: the call ends when it has been heard. */
  z.strictObject({
    type: z.literal('answer'),
    id,
    parts: z.number().int().min(0),
    text: z.string().max(256_000),
    endCall: z.boolean().default(false),
  }),
  z.strictObject({ type: z.literal('failed'), id, reason: z.string().max(2_000) }),
  /** The event has been taken: it does not come again. */
  z.strictObject({ type: z.literal('ack'), callId: id, event: id }),
  /** The program's callback failed: it comes again, a few times. */
  z.strictObject({ type: z.literal('nack'), callId: id, event: id }),
]);
export type SdkClientMessage = z.output<typeof sdkClientMessage>;

/** As the gateway's port for `onMessage` has it: `caller` is the person, `callee` our number, whoever called. */
const message = z.object({
  text: z.string(),
  callId: z.string(),
  direction: z.enum(['inbound', 'outbound']),
  caller: z.string(),
  callee: z.string(),
  language: z.string(),
  variables: z.record(z.string(), z.string()),
  /** Absent: a gateway of an earlier version. */
  customParams: z.record(z.string(), z.string()).optional(),
  history: z.array(z.object({ role: z.enum(['user', 'assistant']), text: z.string() })),
  instructions: z.string().optional(),
});
export type SdkMessage = z.output<typeof message>;

export const sdkRelayRequest = z.strictObject({
  /** The same when it is asked again. */
  id,
  tenantId: z.string(),
  /** Ours. */
  number: z.string(),
  carrier: z.enum(CARRIERS),
  /** Milliseconds until the first word. */
  timeoutMs: z.number().int().min(1),
  message,
});
export type SdkRelayRequest = z.output<typeof sdkRelayRequest>;

const turn = z.object({ role: z.enum(['user', 'assistant']), text: z.string(), at: z.number() });

/** How the call stands, as far as its events tell. */
/** With all else that a call's snapshot has. */
const call = z.looseObject({
  callId: z.string(),
  direction: z.enum(['inbound', 'outbound']),
  from: z.string(),
  to: z.string(),
  carrier: z.enum(CARRIERS),
  createdAt: z.string(),
  answeredAt: z.string().nullable(),
  turns: z.array(turn),
});

export const sdkServerMessage = z.discriminatedUnion('type', [
  /** Calls to `number` come here from now on. */
  z.looseObject({ type: z.literal('welcome'), number: z.string(), notes: z.array(z.string()) }),
  z.looseObject({ type: z.literal('refused'), code: z.string(), message: z.string() }),
  z.looseObject({ type: z.literal('message'), id, carrier: z.enum(CARRIERS), message }),
  /** Nobody waits for the answer any more. */
  z.looseObject({ type: z.literal('cancel'), id }),
  /** `start`, `machine`, `turn/<n>` or `end`. A client passes over what it does not know, and says that it has taken it. */
  z.looseObject({
    ...{ type: z.literal('event'), event: id, call },
    /** With `end`: who answered was told by `machine`, as soon as it was known. Absent: `end` tells it, of a backend that has no `machine`. */
    machineApart: z.boolean().optional(),
  }),
]);
export type SdkServerMessage = z.output<typeof sdkServerMessage>;
