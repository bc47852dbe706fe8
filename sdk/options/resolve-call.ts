/** Options of `phone.call()`, checked. */
import { variableName } from '../../policy/template';
import { shownUnfilled, type Unfilled, unfilledIn } from '../../policy/texts';
import { Agent } from '../agent/agent';
import { PatterTypeError, PatterValidationError } from '../errors';
import type { CallOptions, ResolvedCallOptions } from './call';
import type { Callbacks, MessageHandler } from './callbacks';
import { checkCallback, checkE164, checkFlag, checkId, checkNames, checkText, checkUrl, checkVariables, shown } from './check';
import type { ResolvedServeOptions } from './serve';

const NAMES = [
  ...([
    'to',
    'agent',
    'firstMessage',
    'fromNumber',
    'agentId',
    'onMessage',
    'machineDetection',
    'onMachineDetection',
    'onMachine',
  ] as const),
  ...(['voicemailMessage', 'ringTimeout', 'variables', 'customParams', 'idempotencyKey', 'recording'] as const),
  ...(['onCallStart', 'onCallEnd', 'onTranscript', 'onMetrics'] as const),
] as const satisfies readonly (keyof CallOptions)[];

/** Seconds. In production, whoever has not answered by then does not. */
export const DEFAULT_RING_TIMEOUT = 25;

export interface CallDefaults {
  mode: 'local' | 'cloud';
  /** The number of the constructor; '' where there is none. */
  phoneNumber: string;
}

/** @throws PatterValidationError, PatterTypeError */
export function resolveCall(options: CallOptions, { mode, phoneNumber }: CallDefaults): ResolvedCallOptions {
  checkNames('call()', options, NAMES);
  if (options.agent !== undefined && !Agent.is(options.agent)) throw notAnAgent(options.agent);
  const own = options.voicemailMessage === undefined ? undefined : checkText('voicemailMessage', options.voicemailMessage);
  // Who asks for no detection gets none, whatever serve() says to machines.
  const voicemailMessage = own ?? (options.machineDetection === false ? '' : undefined);
  const asked = options.machineDetection === undefined ? mode === 'local' : checkFlag('machineDetection', options.machineDetection);
  const from = options.fromNumber || phoneNumber || undefined;
  return Object.freeze({
    to: checkE164('to', options.to),
    from: from === undefined ? undefined : checkE164(options.fromNumber ? 'fromNumber' : 'phoneNumber', from),
    agent: options.agent,
    agentId: options.agentId === undefined ? undefined : checkId('agentId', options.agentId),
    // '' is the documented default of both: the agent's own greeting.
    firstMessage: options.firstMessage ? checkText('firstMessage', options.firstMessage) : undefined,
    onMessage: checkMessageHandler(options.onMessage),
    callbacks: resolveCallbacks(options),
    // Who leaves a message wants to know when a machine answers.
    machineDetection: asked || Boolean(voicemailMessage),
    voicemailMessage,
    ringTimeoutMs: ringTimeoutMs(options.ringTimeout),
    variables: checkVariables('variables', options.variables, variableName),
    customParams: checkVariables('customParams', options.customParams, (name) => name),
    idempotencyKey: options.idempotencyKey === undefined ? undefined : checkIdempotencyKey(options.idempotencyKey),
    recording: options.recording === undefined ? undefined : checkFlag('recording', options.recording),
  });
}

/** What a server says to machines, records and whom it knows, for calls that say nothing else. Everything that is said in the call is there then. */
export function withServed(
  call: ResolvedCallOptions,
  served: Pick<ResolvedServeOptions, 'recording' | 'transfer' | 'voicemailMessage'> | undefined,
): ResolvedCallOptions {
  return Object.freeze({
    ...call,
    voicemailMessage: call.voicemailMessage ?? served?.voicemailMessage ?? '',
    recording: call.recording ?? served?.recording ?? false,
    ...(served?.transfer && { transfer: served.transfer }),
  });
}

export function notAnAgent(value: unknown): PatterTypeError {
  return new PatterTypeError('agent', `agent must be an Agent: what phone.agent({...}) returns (got ${shown(value)}).`);
}

export function checkMessageHandler(handler: MessageHandler | undefined): MessageHandler | undefined {
  if (handler === undefined || typeof handler === 'function') return handler;
  if (typeof handler === 'string') return checkUrl('onMessage', handler, /^(https?|wss?):/i);
  throw new PatterTypeError('onMessage', `onMessage must be a function or a URL (got ${shown(handler)}).`);
}

/** Only those that are set. `onMachine` is the older name of `onMachineDetection`. */
export function resolveCallbacks(options: Callbacks & { onMachine?: Callbacks['onMachineDetection'] }): Readonly<Callbacks> {
  const { onMachine, onMachineDetection } = options;
  if (onMachine !== undefined && onMachineDetection !== undefined && onMachine !== onMachineDetection) {
    throw new PatterValidationError('onMachine', 'onMachine is the older name of onMachineDetection: give one of them.');
  }
  const given: Callbacks = {
    onCallStart: checkCallback('onCallStart', options.onCallStart),
    onCallEnd: checkCallback('onCallEnd', options.onCallEnd),
    onTranscript: checkCallback('onTranscript', options.onTranscript),
    onMetrics: checkCallback('onMetrics', options.onMetrics),
    onMachineDetection: checkCallback('onMachineDetection', onMachineDetection ?? onMachine),
  };
  return Object.freeze(Object.fromEntries(Object.entries(given).filter(([, callback]) => callback !== undefined)) as Callbacks);
}

/** Milliseconds. Carriers take 5 to 600 seconds. */
function ringTimeoutMs(seconds: CallOptions['ringTimeout']): number | null {
  if (seconds === null) return null;
  const value = seconds ?? DEFAULT_RING_TIMEOUT;
  if (typeof value === 'number' && value >= 5 && value <= 600) return Math.round(value * 1_000);
  throw new PatterValidationError(
    'ringTimeout',
    `ringTimeout must be 5 to 600 seconds, or null for the carrier's own (got ${shown(value)}).`,
  );
}

export function checkIdempotencyKey(key: unknown): string {
  if (typeof key === 'string' && key.length >= 1 && key.length <= 200) return key;
  throw new PatterValidationError('idempotencyKey', `idempotencyKey must be a string of 1 to 200 characters (got ${shown(key)}).`);
}

/** Of every text that is spoken or instructs. Known by the names of templates. */
export function unfilledPlaceholders(
  agent: Agent,
  call?: Pick<ResolvedCallOptions, 'firstMessage' | 'variables' | 'voicemailMessage'> &
    Partial<Pick<ResolvedCallOptions, 'customParams' | 'transfer'>>,
): Unfilled[] {
  const { systemPrompt, disclosure, guardrails, turns } = agent;
  const texts = { systemPrompt, firstMessage: call?.firstMessage ?? agent.firstMessage, disclosure, guardrails, turns };
  return unfilledIn({ agent: texts, dialing: { voicemailMessage: call?.voicemailMessage }, transfer: call?.transfer }, [
    ...Object.keys(agent.variables),
    ...Object.keys(call?.variables ?? {}),
    ...Object.keys(call?.customParams ?? {}),
  ]).map(({ name, field }) => ({ name, field: field.replace(/^(agent|dialing)\./, '') }));
}

/** A placeholder that nobody fills would be left out of what is said, on a call that costs money. */
export function checkPlaceholders(agent: Agent, call: ResolvedCallOptions): void {
  const unfilled = unfilledPlaceholders(agent, call);
  if (unfilled.length === 0) return;
  throw new PatterValidationError(
    'variables',
    `The agent's texts use ${shownUnfilled(unfilled)}, and there ${unfilled.length === 1 ? 'is no value for it' : 'are no values for them'}: give variables to call(), or to agent() for every call.`,
    { details: { missing: unfilled.map(({ name }) => `{${name}}`) } },
  );
}
