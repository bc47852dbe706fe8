/** A lab with Telnyx alone, the `telnyx` package pointed at it, and a customer's server: webhooks and media streams. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import Telnyx from 'telnyx';
import { type WebSocket, WebSocketServer } from 'ws';
import { decodeMulaw, encodeMulaw } from '../../contracts/g711';
import { registerControl } from '../../lab/control-routes';
import type { CallEntry, LedgerSnapshot } from '../../lab/ledger';
import { Casting, LAB_TELNYX, loadScenario, type ScenarioInput } from '../../lab/scenario';
import { createLabServer, type ListeningLabServer } from '../../lab/server';
import { registerTelnyx } from '../../lab/telnyx';
import { telnyxAccount } from '../../lab/telnyx/account';
import type { InboundInput } from '../../lab/telnyx/inbound';
import { Demodulator, modulate } from '../../lab/voice';

export const FROM = '+15005550006';
export const TO = '+14155550100';
export const BAUD = 1200;

export const speech = (text: string) => encodeMulaw(modulate(text, { sampleRate: 8000, baud: BAUD }));

export function textOf(samples: Iterable<Int16Array>): string {
  let text = '';
  const demodulator = new Demodulator({ sampleRate: 8000, baud: BAUD }, { text: (fragment) => (text += fragment) });
  for (const part of samples) demodulator.push(part);
  return text;
}

export interface Webhook {
  path: string;
  /** By the vendor's own verification. */
  verified: boolean;
  meta: { attempt: number; delivered_to: string };
  id: string;
  type: string;
  payload: Record<string, unknown> & { call_control_id: string; client_state?: string };
}

export interface StreamMessage {
  event: string;
  sequence_number?: string;
  stream_id?: string;
  start?: Record<string, unknown> & { call_control_id: string; media_format: { encoding: string } };
  media?: { track: string; chunk: string; timestamp: string; payload: string };
  mark?: { name: string };
  dtmf?: { digit: string };
  stop?: { call_control_id: string };
  payload?: { code: number; title: string; detail: string };
}

export class MediaPeer {
  readonly messages: StreamMessage[] = [];
  closeCode: number | undefined;

  constructor(
    readonly socket: WebSocket,
    readonly request: IncomingMessage,
    private readonly changed: () => void,
  ) {
    socket.on('message', (data) => {
      this.messages.push(JSON.parse(String(data)));
      changed();
    });
    socket.on('close', (code) => {
      this.closeCode = code;
      this.changed();
    });
  }

  of(event: string): StreamMessage[] {
    return this.messages.filter((message) => message.event === event);
  }

  audio(bytes: Uint8Array): void {
    this.send({ event: 'media', media: { payload: Buffer.from(bytes).toString('base64') } });
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  /** What the person said, as far as it has come. */
  heard(track = 'inbound', decode: (bytes: Uint8Array) => Int16Array = decodeMulaw): string {
    const frames = this.of('media').filter(({ media }) => media?.track === track);
    return textOf(frames.map(({ media }) => decode(Buffer.from(media?.payload ?? '', 'base64'))));
  }
}

export class TelnyxHarness {
  readonly webhooks: Webhook[] = [];
  readonly peers: MediaPeer[] = [];
  /** Status for each request to a path, one after the other; 200 when there is none left. */
  readonly statuses = new Map<string, number[]>();
  private readonly waiting = new Set<() => void>();
  client!: Telnyx;
  lab!: ListeningLabServer;
  customerUrl = '';
  mediaUrl = '';
  private server!: Server;
  private sockets!: WebSocketServer;

  static async start(scenario: ScenarioInput = {}): Promise<TelnyxHarness> {
    const harness = new TelnyxHarness();
    await harness.startCustomer();
    const loaded = loadScenario({
      ...scenario,
      network: { ringAfterMs: 20, ...scenario.network },
      telnyx: { webhookUrl: `${harness.customerUrl}/app`, ...scenario.telnyx },
    });
    harness.lab = await createLabServer(loaded, { baud: BAUD, seed: 1, brain: undefined }, pino({ level: 'silent' }));
    registerControl(harness.lab, loaded.tools);
    registerTelnyx(harness.lab, { scenario: loaded, casting: new Casting(loaded) });
    await harness.lab.listen('127.0.0.1', 0);
    harness.client = harness.clientWith(LAB_TELNYX.apiKey);
    return harness;
  }

  clientWith(apiKey: string, options: { timeout?: number } = {}): Telnyx {
    return new Telnyx({
      apiKey,
      publicKey: telnyxAccount().publicKey,
      baseURL: `${this.lab.url}/v2`,
      maxRetries: 0,
      timeout: options.timeout ?? 5000,
    });
  }

  async stop(): Promise<void> {
    await this.lab.stop();
    for (const peer of this.peers) peer.socket.terminate();
    this.sockets.close();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** With a stream that plays what the customer sends. Returns the call's call_control_id. */
  async dial(params: Partial<Telnyx.CallDialParams> = {}): Promise<string> {
    const { data } = await this.client.calls.dial({
      connection_id: LAB_TELNYX.connectionId,
      from: FROM,
      to: TO,
      webhook_url: `${this.customerUrl}/calls`,
      ...this.streaming(),
      ...params,
    });
    return (data as Telnyx.CallDialResponse.Data).call_control_id;
  }

  streaming() {
    return { stream_url: this.mediaUrl, stream_bidirectional_mode: 'rtp', stream_bidirectional_codec: 'PCMU' } as const;
  }

  async callIn(input: InboundInput): Promise<string> {
    const response = await fetch(`${this.lab.url}/lab/telnyx/inbound`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(input),
    });
    const body = (await response.json()) as { callControlId: string; error?: string };
    if (!response.ok) throw new Error(body.error);
    return body.callControlId;
  }

  of(type: string, callControlId?: string): Webhook[] {
    return this.webhooks.filter(
      (webhook) => webhook.type === type && (callControlId === undefined || webhook.payload.call_control_id === callControlId),
    );
  }

  webhook(type: string, callControlId?: string): Promise<Webhook> {
    return this.until(type, () => this.of(type, callControlId)[0]);
  }

  peer(): Promise<MediaPeer> {
    return this.until('a stream', () => this.peers.find((peer) => peer.of('start').length > 0));
  }

  entry(callControlId: string): CallEntry {
    const found = this.ledger.calls.find((call) => call.callSid === callControlId);
    if (!found) throw new Error(`the ledger has no call ${callControlId}`);
    return found;
  }

  get ledger(): LedgerSnapshot {
    return this.lab.ledger.snapshot();
  }

  /** Resolves with the first value that is not undefined, false or 0; looked for whenever something has arrived. */
  async until<T>(what: string, find: () => T | undefined | false | 0): Promise<T> {
    let expired = false;
    const timer = setTimeout(() => {
      expired = true;
      this.wake();
    }, 20_000);
    try {
      for (;;) {
        const found = find();
        if (found) return found;
        if (expired) throw new Error(`never came: ${what}; received ${JSON.stringify(this.webhooks)}`);
        await new Promise<void>((resolve) => this.waiting.add(resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  private wake(): void {
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const fn of waiting) fn();
  }

  private async startCustomer(): Promise<void> {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        const path = request.url ?? '/';
        const status = this.statuses.get(path)?.shift() ?? 200;
        void this.receive(path, Buffer.concat(chunks).toString(), request).then(() => {
          response.writeHead(status).end();
          this.wake();
        });
      });
    });
    this.sockets = new WebSocketServer({ server: this.server });
    this.sockets.on('connection', (socket, request) => {
      this.peers.push(new MediaPeer(socket, request, () => this.wake()));
      this.wake();
    });
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const { port } = this.server.address() as AddressInfo;
    this.customerUrl = `http://127.0.0.1:${port}`;
    this.mediaUrl = `ws://127.0.0.1:${port}/media?token=a`;
  }

  private async receive(path: string, raw: string, request: IncomingMessage): Promise<void> {
    let verified = true;
    try {
      await this.client.webhooks.unwrap(raw, { headers: request.headers as Record<string, string> });
    } catch {
      verified = false;
    }
    const { data, meta } = JSON.parse(raw);
    this.webhooks.push({ path, verified, meta, id: data.id, type: data.event_type, payload: data.payload });
  }
}
