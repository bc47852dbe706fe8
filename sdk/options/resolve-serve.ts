/** Options of `serve()`, `test()` and `connect()`, checked and with every default filled in. */
import { transferSchema } from '../../contracts/campaign';
import { transferChecks } from '../../policy/transfer-targets';
import { Agent } from '../agent/agent';
import { PatterTypeError, PatterValidationError } from '../errors';
import { type ProviderKey, sttVendor, ttsVendor } from '../providers/registry';
import { STTConfig, TTSConfig } from '../providers/voice-configs';
import { checkCallback, checkE164, checkFlag, checkNames, checkOneOf, checkPort, checkText, isRecord, shown } from './check';
import type { ConnectOptions, ResolvedConnectOptions } from './connect';
import type { LocalConfigFields } from './constructor';
import { type Environment, givenOr, isPlaceholder, VARIABLES } from './environment';
import { checkMessageHandler, notAnAgent, resolveCallbacks, unfilledPlaceholders } from './resolve-call';
import type { ResolvedServeOptions, ResolvedTestOptions, ServeOptions, ServeSettings, TestOptions, TransferSpec } from './serve';
import { checkTunnel } from './tunnel';
import { warn } from './warn';

const SERVE_NAMES = [
  ...([
    'port',
    'recording',
    'onMessage',
    'onCallStart',
    'onCallEnd',
    'onTranscript',
    'onMetrics',
    'onMachineDetection',
    'onMachine',
  ] as const),
  ...(['voicemailMessage', 'transfer', 'dashboard', 'dashboardToken', 'tunnel', 'configureNumber'] as const),
] as const satisfies readonly (keyof ServeSettings)[];
const TEST_NAMES = ['onMessage', 'onCallStart', 'onCallEnd'] as const satisfies readonly (keyof TestOptions)[];
const CONNECT_NAMES = [
  ...(['onMessage', 'provider', 'providerKey', 'providerSecret', 'number', 'stt', 'tts'] as const),
  ...(['onCallStart', 'onCallEnd', 'onTranscript', 'onMetrics', 'onMachineDetection'] as const),
] as const satisfies readonly (keyof ConnectOptions)[];

export const DEFAULT_PORT = 8000;
/** `f(agent, settings)` and `f({ agent, ...settings })` are the same. */
export function agentAndSettings<Settings extends object>(
  first: unknown,
  second: Settings | undefined,
): { agent: Agent; settings: Settings } {
  if (Agent.is(first)) return { agent: first, settings: second ?? ({} as Settings) };
  if (!isRecord(first)) throw notAnAgent(first);
  const { agent, ...settings } = first as { agent?: unknown };
  if (!Agent.is(agent)) throw notAnAgent('agent' in first ? agent : first);
  return { agent, settings: { ...settings, ...second } as Settings };
}

/** @throws PatterValidationError, PatterTypeError */
export function resolveServe(
  first: Agent | ServeOptions,
  second: ServeSettings | undefined,
  config: Pick<LocalConfigFields, 'webhookUrl' | 'tunnel'>,
): ResolvedServeOptions {
  const { agent, settings } = agentAndSettings(first, second);
  checkNames('serve()', settings, SERVE_NAMES);
  const tunnel = checkTunnel(settings.tunnel ?? config.tunnel);
  if (tunnel && config.webhookUrl) {
    throw new PatterValidationError(
      'tunnel',
      'Give either webhookUrl to new Patter(), or tunnel to serve(): a tunnel brings its own host name.',
    );
  }
  const { configureNumber = 'if-unset' } = settings;
  const options: ResolvedServeOptions = Object.freeze({
    agent,
    port: checkPort('port', settings.port ?? DEFAULT_PORT),
    recording: checkFlag('recording', settings.recording ?? false),
    callbacks: resolveCallbacks(settings),
    onMessage: checkMessageHandler(settings.onMessage),
    voicemailMessage: checkText('voicemailMessage', settings.voicemailMessage ?? ''),
    transfer: settings.transfer === undefined ? undefined : checkTransfer(settings.transfer),
    dashboard: checkFlag('dashboard', settings.dashboard ?? true),
    dashboardToken: checkText('dashboardToken', settings.dashboardToken ?? ''),
    tunnel,
    configureNumber: configureNumber === false ? false : checkOneOf('configureNumber', configureNumber, ['always', 'if-unset']),
  });
  const missing = unfilledPlaceholders(agent);
  if (missing.length > 0) {
    const names = missing.map(({ name }) => `{${name}}`).join(', ');
    warn(
      'PATTER_PLACEHOLDER_EMPTY',
      `In calls that come in, ${names} will be empty unless the carrier passes a value on: give agent() variables for them.`,
    );
  }
  return options;
}

function checkTransfer(given: unknown): TransferSpec {
  if (!isRecord(given))
    throw new PatterTypeError('transfer', `transfer must be an object such as { to: ['+14155551234'] } (got ${shown(given)}).`);
  const parsed = transferSchema.safeParse(given);
  const problem = parsed.success ? transferChecks(parsed.data)[0] : parsed.error.issues[0];
  if (parsed.success && !problem) return parsed.data;
  const field = ['transfer', ...(problem?.path ?? [])].join('.');
  throw new PatterValidationError(field, `serve() has a wrong ${field}: ${problem?.message}.`);
}

/** @throws PatterValidationError, PatterTypeError */
export function resolveTest(first: Agent | (TestOptions & { agent: Agent }), second: TestOptions | undefined): ResolvedTestOptions {
  const { agent, settings } = agentAndSettings<TestOptions>(first, second);
  checkNames('test()', settings, TEST_NAMES);
  if (settings.onMessage !== undefined && typeof settings.onMessage !== 'function') {
    throw new PatterTypeError('onMessage', `onMessage must be a function (got ${shown(settings.onMessage)}).`);
  }
  return Object.freeze({
    agent,
    onMessage: settings.onMessage,
    onCallStart: checkCallback('onCallStart', settings.onCallStart),
    onCallEnd: checkCallback('onCallEnd', settings.onCallEnd),
  });
}

/** @throws PatterValidationError, PatterTypeError */
export function resolveConnect(options: ConnectOptions, env: Environment): ResolvedConnectOptions {
  checkNames('connect()', options, CONNECT_NAMES);
  if (typeof options.onMessage !== 'function') {
    throw new PatterTypeError(
      'onMessage',
      `connect() needs onMessage: a function that returns what the agent says (got ${shown(options.onMessage)}).`,
    );
  }
  const number = options.number === undefined ? undefined : checkE164('number', options.number);
  if ((options.providerKey || options.providerSecret || options.provider) && !number) {
    throw new PatterValidationError('number', 'provider, providerKey and providerSecret belong to a number: give number too.');
  }
  if (options.providerKey && !options.providerSecret) {
    throw new PatterValidationError(
      'providerSecret',
      'providerKey needs its providerSecret: the auth token of Twilio, or the connection id of Telnyx.',
    );
  }
  if (options.providerSecret && !options.providerKey) {
    throw new PatterValidationError(
      'providerKey',
      'providerSecret needs its providerKey: the account SID of Twilio, or the API key of Telnyx.',
    );
  }
  const provider =
    options.provider === undefined
      ? options.providerKey
        ? 'twilio'
        : undefined
      : checkOneOf('provider', options.provider, ['twilio', 'telnyx']);
  const [keys, secrets] =
    provider === 'telnyx' ? [VARIABLES.telnyxKey, VARIABLES.telnyxConnectionId] : [VARIABLES.twilioSid, VARIABLES.twilioToken];
  return Object.freeze({
    onMessage: options.onMessage,
    callbacks: resolveCallbacks(options),
    ...{ number, provider },
    providerKey: options.providerKey ? givenOr('providerKey', options.providerKey, keys, env) : undefined,
    providerSecret: options.providerSecret ? givenOr('providerSecret', options.providerSecret, secrets, env) : undefined,
    stt: withKey('stt', instanceOf('stt', options.stt, STTConfig, 'Patter.deepgram({...})'), sttVendor, env),
    tts: withKey('tts', instanceOf('tts', options.tts, TTSConfig, 'Patter.elevenlabs({...})'), ttsVendor, env),
  });
}

function instanceOf<Config>(
  option: string,
  value: Config | undefined,
  type: new (fields: never) => Config,
  example: string,
): Config | undefined {
  if (value === undefined || value instanceof type) return value;
  throw new PatterTypeError(option, `${option} must be ${example} (got ${shown(value)}).`);
}

/** What the environment has in the place of a placeholder. A key that was left out stays so: the backend may have one. */
function withKey<Config extends STTConfig | TTSConfig>(
  option: string,
  config: Config | undefined,
  vendor: (config: Config) => { key: ProviderKey },
  env: Environment,
): Config | undefined {
  if (!config) return undefined;
  const { key } = vendor(config);
  if (!config.apiKey || !isPlaceholder(config.apiKey)) return config;
  const apiKey = givenOr(`${option}.apiKey`, config.apiKey, VARIABLES[key], env);
  return Object.freeze(Object.assign(Object.create(Object.getPrototypeOf(config)), config, { apiKey })) as Config;
}
