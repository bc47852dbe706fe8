import { randomUUID } from 'node:crypto';
import type { AgentSpec } from '../../contracts/agent';
import { type Clock, systemClock } from '../../contracts/clock';
import { isPatterError, type PatterError } from '../../contracts/errors';
import { sttSchema, ttsSchema } from '../../contracts/providers';
import { type SdkHello, sdkHelloSchema } from '../../contracts/sdk-protocol';
import { cloudAgent } from '../agent/cloud-agent';
import type { PatterBackend, RemoteDesk } from '../backend';
import { PatterConnectionError, PatterValidationError } from '../errors';
import type { ResolvedCallOptions } from '../options/call';
import type { MessageFunction } from '../options/callbacks';
import type { ResolvedConnectOptions } from '../options/connect';
import type { CloudConfig } from '../options/constructor';
import type { CallHandle } from '../options/handle';
import type { ResolvedServeOptions } from '../options/serve';
import { warn } from '../options/warn';
import { sttVendor, ttsVendor } from '../providers/registry';
import { CloudCall } from './cloud-call';
import { EventDesk } from './event-desk';
import { MessageDesk } from './message-desk';
import { OwnHandlersOfCalls } from './own-handlers';
import { RestClient } from './rest';
import { agentFor } from './snapshot-facts';
import { BackendSocket, DEFAULT_SOCKET_TIMES, type SocketTimes } from './socket';

interface Connected {
  readonly socket: BackendSocket;
  readonly messages: MessageDesk;
  readonly events: EventDesk;
  /** Names this program at the backend, over all connections of this `connect()`. */
  readonly clientId: string;
  /** What the backend calls the number; known once connected. */
  number: string | undefined;
}

export class CloudBackend implements PatterBackend {
  readonly #rest: RestClient;
  readonly #own: OwnHandlersOfCalls;
  #connected: Connected | undefined;
  #agent: AgentSpec | undefined;
  #over = new AbortController();

  constructor(
    private readonly config: CloudConfig,
    private readonly times: SocketTimes = DEFAULT_SOCKET_TIMES,
    private readonly clock: Clock = systemClock,
  ) {
    this.#rest = new RestClient(config, clock);
    this.#own = new OwnHandlersOfCalls(clock);
  }

  get ready(): Promise<string> {
    return Promise.resolve(new URL(this.config.restUrl).host);
  }

  get tunnelReady(): Promise<string> {
    return this.ready;
  }

  serve(_options: ResolvedServeOptions): Promise<void> {
    return Promise.reject(
      new PatterConnectionError('serve() is for local mode, and this Patter has an apiKey. In cloud mode use connect({ onMessage }).'),
    );
  }

  async connect(options: ResolvedConnectOptions): Promise<void> {
    if (this.#connected)
      throw new PatterConnectionError('This Patter is connected already: call disconnect() first, or make another Patter.');
    const hello = helloOf(options);
    this.#agent = agentFor({
      stt: hello.stt ?? sttSchema.parse({ provider: 'deepgram' }),
      tts: hello.tts ?? ttsSchema.parse({ provider: 'openai' }),
    });
    let connections = 0;
    await new Promise<void>((resolve, reject) => {
      const socket = new BackendSocket(
        this.config,
        () => ({ ...hello, connection: connections++ }),
        {
          greeted: ({ number, notes }) => {
            connected.number = number;
            for (const note of notes) warn('PATTER_CONNECT_NOTE', note);
            connected.messages.reconnected();
            resolve();
          },
          message: (message) => {
            if (message.type === 'message') connected.messages.message(message);
            else if (message.type === 'cancel') connected.messages.cancel(message.id);
            else connected.events.event(message);
          },
          stopped: (error) => {
            this.#release(connected);
            // After connect() has resolved nobody waits for it: the program hears of it all the same.
            if (connected.number !== undefined) warn('PATTER_DISCONNECTED', error.message);
            reject(error);
          },
        },
        this.clock,
        this.times,
      );
      const send = socket.send.bind(socket);
      const { clock } = this;
      const connected: Connected = {
        socket,
        messages: new MessageDesk({
          onMessage: ({ callId, caller: person, direction }) => {
            const own = this.#own.of({ callId, direction, person });
            return own instanceof Promise
              ? own.then((found) => found?.onMessage ?? options.onMessage)
              : (own?.onMessage ?? options.onMessage);
          },
          send,
          clock,
          transfer: (callId, number) => this.getCall(callId).transfer(number),
        }),
        events: new EventDesk({
          ...{ send, clock, webhookSecret: this.config.webhookSecret, allowPrivate: this.config.allowPrivate },
          callbacks: async ({ callId, direction, to: person }) => ({
            ...options.callbacks,
            ...(await this.#own.of({ callId, direction, person }))?.callbacks,
          }),
          agent: () => this.#spec(),
        }),
        clientId: hello.clientId,
        number: undefined,
      };
      this.#connected = connected;
      socket.open();
    });
  }

  async call(options: ResolvedCallOptions): Promise<CallHandle> {
    const { to, firstMessage, voicemailMessage, recording, callbacks, machineDetection, ringTimeoutMs, variables, customParams } = options;
    const connected = this.#connected;
    const from = options.from ?? connected?.number;
    const onMessage = this.#onMessageOf(options);
    const agent = options.agent && cloudAgent(options.agent, { answeredHere: onMessage !== undefined });
    // The backend may have taken a request whose answer was lost: it is the same call then.
    const idempotencyKey = options.idempotencyKey ?? randomUUID();
    const body = {
      ...{ to, from, agent, firstMessage, voicemailMessage, recording },
      ...{ machineDetection, ringTimeoutMs, variables, customParams, idempotencyKey },
    };
    // Messages and events of the call come to whoever has the functions for them.
    const here = connected?.number !== undefined && connected.number === from ? `?client=${encodeURIComponent(connected.clientId)}` : '';
    const { callId, notes = [] } = await this.#own.placed(to, { callbacks, onMessage }, () => this.#place(`/v1/calls${here}`, body));
    for (const note of notes) warn('PATTER_CALL_NOTE', note);
    return this.getCall(callId);
  }

  /** @throws PatterValidationError, PatterConnectionError where its messages would not come here */
  #onMessageOf({ from, onMessage }: ResolvedCallOptions): MessageFunction | undefined {
    if (onMessage === undefined) return undefined;
    if (typeof onMessage === 'string') {
      throw new PatterValidationError(
        'onMessage',
        'In cloud mode the onMessage of a call is a function of this program: let it ask the URL.',
      );
    }
    const number = this.#connected?.number;
    if (number === undefined) {
      throw new PatterConnectionError('call({ onMessage }) is answered over the connection of connect(): connect first.');
    }
    if (from === undefined || from === number) return onMessage;
    throw new PatterValidationError(
      'fromNumber',
      `A call with an onMessage comes from the connected number (${number}): leave fromNumber out, or connect() another Patter to ${from}.`,
    );
  }

  getCall(id: string): CallHandle {
    return new CloudCall(id, { rest: this.#rest, agent: () => this.#spec(), signal: () => this.#over.signal, clock: this.clock });
  }

  get remote(): RemoteDesk {
    return { rest: this.#rest, clock: this.clock, signal: () => this.#over.signal };
  }

  async disconnect(): Promise<void> {
    this.#over.abort();
    this.#over = new AbortController();
    const connected = this.#connected;
    if (!connected) return;
    connected.socket.close();
    this.#release(connected);
  }

  async #place(path: string, body: object): Promise<{ callId: string; notes?: string[] }> {
    try {
      return await this.#rest.request('POST', path, body);
    } catch (error) {
      const code = (error as PatterError).code;
      const lost = code === 'PATTER_NOT_CONNECTED' || isPatterError(error, 'PATTER_TEMPORAL_UNAVAILABLE');
      if (!lost) throw error;
      return this.#rest.request('POST', path, body);
    }
  }

  #spec(): AgentSpec {
    this.#agent ??= agentFor(undefined);
    return this.#agent;
  }

  #release(connected: Connected): void {
    connected.messages.close();
    connected.events.close();
    if (this.#connected === connected) this.#connected = undefined;
  }
}

const CREDENTIALS = { openaiKey: 'openai', deepgramKey: 'deepgram', elevenlabsKey: 'elevenlabs' } as const;
const VARIABLE = { openai: 'OPENAI_API_KEY', deepgram: 'DEEPGRAM_API_KEY', elevenlabs: 'ELEVENLABS_API_KEY' } as const;

/** @throws PatterValidationError */
function helloOf(options: ResolvedConnectOptions): SdkHello {
  const { number, provider, providerKey, providerSecret, stt, tts } = options;
  const credentials: Record<string, Record<string, string>> = {};
  if (provider && providerKey && providerSecret) {
    credentials[provider] =
      provider === 'twilio'
        ? { TWILIO_ACCOUNT_SID: providerKey, TWILIO_AUTH_TOKEN: providerSecret }
        : { TELNYX_API_KEY: providerKey, TELNYX_CONNECTION_ID: providerSecret };
  }
  const key = (vendor: { key: keyof typeof CREDENTIALS }, apiKey: string) => {
    const name = CREDENTIALS[vendor.key];
    if (apiKey) credentials[name] = { [VARIABLE[name]]: apiKey };
  };
  if (stt) key(sttVendor(stt), stt.apiKey);
  if (tts) key(ttsVendor(tts), tts.apiKey);
  const parsed = sdkHelloSchema.safeParse({
    ...{ type: 'hello', version: 1, clientId: randomUUID(), credentials },
    ...(number !== undefined && { number }),
    ...(provider !== undefined && { carrier: provider }),
    ...(stt && { stt: sttVendor(stt).spec(stt), language: stt.language }),
    ...(tts && { tts: ttsVendor(tts).spec(tts) }),
  });
  if (parsed.success) return parsed.data;
  // Values stay out of the message: some are keys.
  const fields = parsed.error.issues.map(({ path }) => path.join('.'));
  throw new PatterValidationError(fields[0] ?? 'connect', `connect() cannot use these settings: ${fields.join(', ')}.`);
}
