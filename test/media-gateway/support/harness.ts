/**
 * A gateway with everything around it real: Temporal with a worker, Postgres, sockets, HTTP, a disk. Twilio's REST side is a small server that
 * answers; the talk itself is scripted through the session's port.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'node:querystring';
import { CompleteAsyncError } from '@temporalio/activity';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker';
import pino from 'pino';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks';
import WebSocket from 'ws';
import { createCarriers } from '../../../carriers';
import { agentSchema } from '../../../contracts/agent';
import type { CallSetup } from '../../../contracts/call';
import { type Clock, systemClock } from '../../../contracts/clock';
import { type GatewayOptions, startGateway } from '../../../media-gateway/gateway';
import type { SessionMaker } from '../../../media-gateway/session-maker';
import { signCallToken } from '../../../runtime/call-token';
import { type Config, loadConfig } from '../../../runtime/config';
import type { TenantAccounts } from '../../../runtime/tenant-accounts';
import { openStore } from '../../../store/open';
import type { Store } from '../../../store/store';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';
import { startTestTemporal, type TestTemporal } from '../../support/temporal';
import { finishSignal, type Script, type Seen, seenQuery } from './call.workflow';
import { Door } from './door';
import { ScriptedSessions } from './scripted-session';

export const AUTH_TOKEN = 'auth-token-of-the-tests';
export const SECRET_KEY = 'a key for tokens and commands';

export type Gateway = Awaited<ReturnType<typeof startGateway>>;

export function newCallId(): string {
  return `call_${randomBytes(16).toString('hex')}_1`;
}

export function newSid(prefix: 'CA' | 'MZ'): string {
  return prefix + randomBytes(16).toString('hex');
}

export function setupFor(callId: string): CallSetup {
  return {
    callId,
    campaignId: `cmp_${'0'.repeat(32)}`,
    contactId: `ct_${'0'.repeat(32)}`,
    tenantId: 'default',
    direction: 'outbound',
    carrier: 'twilio',
    to: '+15005550009',
    from: '+15005550006',
    agent: agentSchema.parse({ engine: { type: 'openai-realtime' }, systemPrompt: 'You are a test.' }),
    variables: {},
    voicemailMessage: '',
    machineDetection: false,
    canTransfer: false,
  };
}

/** Resolves when `read` gives something. Gives up before the test does, so that it says what it waited for. */
export async function eventually<T>(read: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  for (const until = Date.now() + 40_000; ; ) {
    const value = await read();
    if (value !== undefined && value !== false) return value as T;
    if (Date.now() > until) throw new Error(`never became true: ${read}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Twilio's REST API as far as a gateway uses it: calls are in progress until they are ended. */
export class RestServer {
  readonly ended: string[] = [];
  /** Requests are answered with 503 while true. */
  broken = false;
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<RestServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const rest = new RestServer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('request', (request, response) => {
      const sid = /Calls\/(CA\w+)\.json/.exec(request.url ?? '')?.[1];
      request.resume();
      request.on('end', () => {
        response.setHeader('content-type', 'application/json');
        if (rest.broken || !sid) return response.writeHead(503).end('{"code":20503,"message":"out of order"}');
        if (request.method === 'POST') rest.ended.push(sid);
        const status = rest.ended.includes(sid) ? 'completed' : 'in-progress';
        response.end(JSON.stringify({ sid, status, to: '+15005550009', from: '+15005550006' }));
      });
    });
    return rest;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

export class Harness {
  readonly sessions = new ScriptedSessions();
  readonly gateways: Gateway[] = [];
  private readonly doors: Door[] = [];
  private readonly homes: string[] = [];

  private constructor(
    readonly temporal: TestTemporal,
    readonly client: Client,
    readonly store: Store,
    readonly rest: RestServer,
    private readonly database: TestDatabase,
    private readonly worker: Worker,
    private readonly native: NativeConnection,
    private readonly workerDone: Promise<void>,
  ) {}

  static async start(): Promise<Harness> {
    const [temporal, database, rest] = await Promise.all([startTestTemporal(), createTestDatabase(), RestServer.start()]);
    const store = openStore(database.url);
    await store.migrate();
    const connection = await Connection.connect({ address: temporal.address });
    const client = new Client({ connection, namespace: temporal.namespace });
    const native = await NativeConnection.connect({ address: temporal.address });
    const workflowBundle = await bundleWorkflowCode({
      workflowsPath: require.resolve('./call.workflow'),
      logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} },
    });
    const worker = await Worker.create({
      connection: native,
      namespace: temporal.namespace,
      taskQueue: temporal.taskQueue,
      workflowBundle,
      activities: {
        conversation: () => {
          throw new CompleteAsyncError();
        },
      },
    });
    const harness = new Harness(temporal, client, store, rest, database, worker, native, worker.run());
    // A worker's first workflow takes seconds on a slow machine, which a webhook does not wait.
    const { callId } = await harness.startCall();
    await harness.finish(callId);
    return harness;
  }

  async stop(): Promise<void> {
    await Promise.all(this.gateways.map((gateway) => gateway.stop()));
    await Promise.all(this.doors.map((door) => door.stop()));
    this.worker.shutdown();
    await this.workerDone;
    await this.native.close();
    await this.client.connection.close();
    await this.store.close();
    await this.database.drop();
    await this.rest.stop();
    for (const home of this.homes) rmSync(home, { recursive: true, force: true });
  }

  /** A way to Temporal that can be closed. */
  async door(): Promise<Door> {
    const door = await Door.open(this.temporal.address, this.temporal.namespace);
    this.doors.push(door);
    return door;
  }

  get databaseUrl(): string {
    return this.database.url;
  }

  newHome(): string {
    const home = mkdtempSync(join(tmpdir(), 'patter-gateway-'));
    this.homes.push(home);
    return home;
  }

  config(home: string, variables: Record<string, string> = {}): Config {
    return loadConfig(
      {
        PATTER_HOME: home,
        PATTER_GATEWAY_PORT: '0',
        TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
        TWILIO_AUTH_TOKEN: AUTH_TOKEN,
        TWILIO_BASE_URL: this.rest.url,
        PATTER_DRAIN_TIMEOUT: '200ms',
        ...variables,
      },
      home,
    );
  }

  async gateway(
    given: {
      home?: string;
      variables?: Record<string, string>;
      client?: Client;
      options?: Partial<GatewayOptions>;
      sessions?: SessionMaker;
      clock?: Clock;
      accounts?: (config: Config) => TenantAccounts;
    } = {},
  ): Promise<Gateway> {
    const config = this.config(given.home ?? this.newHome(), given.variables);
    const gateway = await startGateway({
      config,
      client: given.client ?? this.client,
      store: this.store,
      carriers: createCarriers(config),
      ...(given.accounts && { accounts: given.accounts(config) }),
      secretKey: SECRET_KEY,
      clock: given.clock ?? systemClock,
      log: pino({ level: process.env.PATTER_TEST_LOG ?? 'silent' }),
      sessions: given.sessions ?? this.sessions,
      options: { spoolRetryMs: 100, ...given.options },
    });
    this.gateways.push(gateway);
    return gateway;
  }

  async startCall(script: Partial<Script> = {}, callId = newCallId()): Promise<{ callId: string; carrierCallId: string }> {
    await this.client.workflow.start('call', {
      args: [{ setup: setupFor(callId), ...script }],
      workflowId: callId,
      taskQueue: this.temporal.taskQueue,
    });
    return { callId, carrierCallId: newSid('CA') };
  }

  async finish(callId: string): Promise<void> {
    const handle = this.client.workflow.getHandle(callId);
    await handle.signal(finishSignal);
    await handle.result();
  }

  seen(callId: string): Promise<Seen> {
    return this.client.workflow.getHandle(callId).query(seenQuery);
  }
}

/** A webhook as Twilio sends it, signed over the gateway's public URL unless told otherwise. */
export async function post(
  gateway: Gateway,
  path: string,
  form: Record<string, string>,
  signature?: string,
): Promise<{ status: number; body: string }> {
  const url = `${gateway.urls.public}${path}`;
  const response = await fetch(`${gateway.urls.listening}${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': signature ?? getExpectedTwilioSignature(AUTH_TOKEN, url, form),
    },
    body: stringify(form),
  });
  return { status: response.status, body: await response.text() };
}

export function tokenFor(callId: string, claims: { n?: string; e?: number; a?: number } = {}, key = SECRET_KEY): string {
  return signCallToken({ c: callId, a: 1, n: randomBytes(8).toString('hex'), e: Math.floor(Date.now() / 1_000) + 60, ...claims }, key);
}

/** Twilio's end of a media stream. */
export class MediaClient {
  readonly messages: Record<string, unknown>[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly streamId = newSid('MZ');

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (data) => this.messages.push(JSON.parse(data.toString())));
    this.closed = new Promise((resolve) => socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })));
  }

  static async open(gateway: Gateway, path = '/twilio/media'): Promise<MediaClient> {
    const socket = new WebSocket(gateway.urls.listening?.replace(/^http/, 'ws') + path);
    const client = new MediaClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  static async start(gateway: Gateway, carrierCallId: string, token: string | undefined): Promise<MediaClient> {
    const client = await MediaClient.open(gateway);
    client.send({ event: 'connected', protocol: 'Call', version: '1.0.0' });
    client.send({
      event: 'start',
      sequenceNumber: '1',
      streamSid: client.streamId,
      start: {
        accountSid: `AC${'0'.repeat(32)}`,
        streamSid: client.streamId,
        callSid: carrierCallId,
        tracks: ['inbound'],
        customParameters: token === undefined ? {} : { token },
        mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      },
    });
    return client;
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  audio(payload: Buffer): void {
    this.send({
      event: 'media',
      sequenceNumber: '2',
      streamSid: this.streamId,
      media: { track: 'inbound', chunk: '1', timestamp: '0', payload: payload.toString('base64') },
    });
  }

  stop(carrierCallId: string): void {
    this.send({ event: 'stop', sequenceNumber: '9', streamSid: this.streamId, stop: { accountSid: 'AC', callSid: carrierCallId } });
  }

  raw(data: string | Buffer): void {
    this.socket.send(data);
  }

  close(): void {
    this.socket.close();
  }

  /** Takes nothing in any more, as a phone company that hangs. */
  stopReading(): void {
    this.socket.pause();
  }

  /** As when the network is gone: no close frame. */
  terminate(): void {
    this.socket.terminate();
  }
}
