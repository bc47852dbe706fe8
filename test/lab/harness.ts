/** A lab with its phone company alone, the `twilio` package pointed at it, and a customer's server: webhooks, TwiML and media streams. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { Twilio, validateRequest } from 'twilio';
import RequestClient from 'twilio/lib/base/RequestClient';
import { type WebSocket, WebSocketServer } from 'ws';
import { registerControl } from '../../lab/control-routes';
import type { CallEntry, LedgerSnapshot } from '../../lab/ledger';
import { Casting, LAB_ACCOUNT, loadScenario, type ScenarioInput } from '../../lab/scenario';
import { createLabServer, type ListeningLabServer } from '../../lab/server';
import { registerTwilio } from '../../lab/twilio';

export const FROM = '+15005550006';
export const TO = '+14155550100';
/** Fast speech, so that a sentence takes a fraction of a second. */
export const BAUD = 1200;

export interface Received {
  path: string;
  params: Record<string, string>;
  validSignature: boolean;
}

export interface StreamMessage {
  event: string;
  sequenceNumber?: string;
  streamSid?: string;
  start?: { callSid: string };
  media?: { payload: string };
  mark?: { name: string };
  dtmf?: { track: string; digit: string };
  stop?: { callSid: string };
  protocol?: string;
}

/** One accepted media stream: what came, and what can be sent. */
export class MediaPeer {
  readonly messages: StreamMessage[] = [];
  closeCode: number | undefined;

  constructor(
    readonly socket: WebSocket,
    readonly request: IncomingMessage,
    readonly validSignature: boolean,
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

  get streamSid(): string {
    return this.of('start')[0]?.streamSid ?? '';
  }

  sendAudio(mulaw: Uint8Array): void {
    this.socket.send(
      JSON.stringify({ event: 'media', streamSid: this.streamSid, media: { payload: Buffer.from(mulaw).toString('base64') } }),
    );
  }

  send(event: string, body: object = {}): void {
    this.socket.send(JSON.stringify({ event, streamSid: this.streamSid, ...body }));
  }
}

export class Harness {
  readonly received: Received[] = [];
  readonly peers: MediaPeer[] = [];
  /** How many requests to a path are answered by a broken connection first. */
  readonly drops = new Map<string, number>();
  /** TwiML by path; a function may choose by what was posted. A number is answered as a status. */
  readonly pages = new Map<string, string | number | ((params: Record<string, string>) => string)>();
  private readonly waiting = new Set<() => void>();
  /** How long the handshake of a media socket takes. */
  acceptAfterMs = 0;
  client!: Twilio;
  lab!: ListeningLabServer;
  customerUrl = '';
  mediaUrl = '';
  private server!: Server;
  private sockets!: WebSocketServer;

  static async start(scenario: ScenarioInput, cps = 50): Promise<Harness> {
    const harness = new Harness();
    await harness.startCustomer();
    const loaded = loadScenario({ network: { ringAfterMs: 20 }, ...scenario });
    harness.lab = await createLabServer(loaded, { baud: BAUD, seed: 1, brain: undefined }, pino({ level: 'silent' }));
    registerControl(harness.lab, loaded.tools);
    registerTwilio(harness.lab, { scenario: loaded, casting: new Casting(loaded), cps });
    await harness.lab.listen('127.0.0.1', 0);
    harness.client = new Twilio(LAB_ACCOUNT.sid, LAB_ACCOUNT.authToken, { httpClient: new LabClient(harness.lab.url) });
    return harness;
  }

  async stop(): Promise<void> {
    await this.lab.stop();
    for (const peer of this.peers) peer.socket.terminate();
    this.sockets.close();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  create(options: { to?: string; twiml?: string; [option: string]: unknown } = {}) {
    return this.client.calls.create({
      to: TO,
      from: FROM,
      ...(options.url ? {} : { twiml: this.streamTwiml() }),
      statusCallback: `${this.customerUrl}/status?attempt=1`,
      statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'],
      ...options,
    } as Parameters<Twilio['calls']['create']>[0]);
  }

  streamTwiml(after = '<Hangup/>'): string {
    return `<Response><Connect><Stream url="${this.mediaUrl}?dropped=1" name="main" statusCallback="${this.customerUrl}/stream"><Parameter name="token" value="a&amp;b"/></Stream></Connect>${after}</Response>`;
  }

  statuses(callSid?: string): string[] {
    return this.at('/status')
      .filter(({ params }) => callSid === undefined || params.CallSid === callSid)
      .map(({ params }) => params.CallStatus ?? '');
  }

  at(path: string): Received[] {
    return this.received.filter((request) => request.path === path);
  }

  entry(callSid: string): CallEntry {
    const found = this.ledger.calls.find((call) => call.callSid === callSid);
    if (!found) throw new Error(`the ledger has no call ${callSid}`);
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
        if (expired) throw new Error(`never came: ${what}; received ${JSON.stringify(this.received)}`);
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
        const params = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
        const url = new URL(request.url ?? '/', this.customerUrl);
        const drops = this.drops.get(url.pathname) ?? 0;
        this.drops.set(url.pathname, drops - 1);
        if (drops > 0) return request.socket.destroy();
        this.received.push({
          path: url.pathname,
          params: request.method === 'GET' ? Object.fromEntries(url.searchParams) : params,
          validSignature: validateRequest(
            LAB_ACCOUNT.authToken,
            String(request.headers['x-twilio-signature']),
            `${this.customerUrl}${request.url}`,
            params,
          ),
        });
        const page = this.pages.get(url.pathname);
        if (typeof page === 'number') response.writeHead(page).end();
        else if (page === undefined) response.writeHead(204).end();
        else response.writeHead(200, { 'content-type': 'text/xml' }).end(typeof page === 'string' ? page : page(params));
        this.wake();
      });
    });
    this.sockets = new WebSocketServer({
      server: this.server,
      verifyClient: (_info, accept) => void setTimeout(() => accept(true), this.acceptAfterMs),
    });
    this.sockets.on('connection', (socket, request) => {
      const valid = validateRequest(LAB_ACCOUNT.authToken, String(request.headers['x-twilio-signature']), this.mediaUrl, {});
      this.peers.push(new MediaPeer(socket, request, valid, () => this.wake()));
      this.wake();
    });
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const { port } = this.server.address() as AddressInfo;
    this.customerUrl = `http://127.0.0.1:${port}`;
    this.mediaUrl = `ws://127.0.0.1:${port}/media`;
  }
}

class LabClient extends RequestClient {
  constructor(private readonly baseUrl: string) {
    super({ timeout: 8_000 });
  }

  override request<T>(options: RequestClient.RequestOptions<T>) {
    const { pathname, search } = new URL(options.uri);
    return super.request({ ...options, uri: this.baseUrl + pathname + search });
  }
}
