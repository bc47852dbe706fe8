/**
 * Makes the programs that are connected to other control processes known to this one's relay: each process opens a link to all others, hears over it which
 * programs these have, gives them messages and gets their answers. A link that breaks takes its programs with it, for the moment in which they may come here.
 */
import type { IncomingMessage } from 'node:http';
import { type AddressInfo, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { sleep, within } from '../../contracts/clock';
import { SDK_LINK_PATH, type SdkLinkFrame, sdkLinkFrame } from '../../contracts/sdk-link';
import type { SdkClientMessage, SdkServerMessage } from '../../contracts/sdk-protocol';
import { verifyCommand } from '../../runtime/command-auth';
import { watchSocket } from '../../runtime/watch-socket';
import type { ControlContext } from '../context';
import type { Answerer } from './answerers';
import { dialLink, type LinkTimes } from './link-socket';
import type { MessageRelay } from './relay';

export interface LinkOptions extends LinkTimes {
  /** How often other processes are looked for. */
  lookEveryMs: number;
}

export const DEFAULT_LINK_OPTIONS = {
  lookEveryMs: 2_000,
  connectWithinMs: 3_000,
  pingEveryMs: 2_000,
  deadAfterMs: 6_000,
} as const satisfies LinkOptions;

/** A process that has not renewed its row for so long is not dialled. */
const LEASE_MS = 10_000;
const READY_MS = 1_000;
const MOST_BYTES = 2_000_000;
const FORGET_MESSAGES_MS = 86_400_000;
const CLEAN_EVERY_MS = 600_000;

export interface LinkParts {
  controlId: string;
  relay: MessageRelay;
  /** Of a program at another process. */
  acknowledged(message: Extract<SdkClientMessage, { type: 'ack' | 'nack' }>): void;
  gone(clientId: string): void;
  secretKey: () => Promise<string>;
  options?: Partial<LinkOptions>;
}

interface Local {
  readonly answerer: Answerer;
  /** Which links wait for what, by message or event: its answers go there. */
  readonly asked: Map<string, WebSocket>;
}

export class ControlLinks {
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: MOST_BYTES, perMessageDeflate: false });
  readonly #options: LinkOptions;
  /** Programs of this process. */
  readonly #local = new Map<string, Local>();
  /** Of other processes, which hear of our programs. */
  readonly #accepted = new Set<WebSocket>();
  /** To other processes, whose programs we hear of. */
  readonly #dialled = new Map<string, { socket: WebSocket; programs: Map<string, Answerer> }>();
  readonly #refused = new Set<string>();
  readonly #stopped = new AbortController();
  readonly #first: Promise<void>;
  #looked = () => {};
  #looking: Promise<void> | undefined;
  #again = new AbortController();
  #cleanedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly ctx: ControlContext,
    private readonly parts: LinkParts,
  ) {
    this.#options = { ...DEFAULT_LINK_OPTIONS, ...parts.options };
    this.#first = new Promise((resolve) => {
      this.#looked = resolve;
    });
  }

  start(listening: AddressInfo): void {
    const internalUrl = this.ctx.config.PATTER_CONTROL_INTERNAL_URL ?? urlOf(listening);
    this.#looking ??= this.#look(internalUrl);
  }

  /** A process that has just started knows of the others' programs after a moment: a call of one of these is not given to another. */
  async ready(): Promise<void> {
    if (!this.#looking) return;
    await within(this.ctx.clock, READY_MS, this.#first);
  }

  /** A program is connected to this process. */
  joined(answerer: Answerer): void {
    const known = this.#local.get(answerer.clientId);
    if (known && known.answerer.connection > answerer.connection) return;
    this.#local.set(answerer.clientId, { answerer, asked: known?.asked ?? new Map() });
    for (const link of this.#accepted) send(link, hereOf(answerer));
  }

  left(answerer: Answerer): void {
    const { clientId, connection } = answerer;
    if (this.#local.get(clientId)?.answerer !== answerer) return;
    this.#local.delete(clientId);
    for (const link of this.#accepted) send(link, { type: 'gone', clientId, connection });
  }

  /** What a program of this process says goes to whoever asked it. */
  heard({ clientId }: Answerer, message: SdkClientMessage): void {
    const asked = this.#local.get(clientId)?.asked;
    const key = answerKey(message);
    const link = key === undefined ? undefined : asked?.get(key);
    if (!asked || key === undefined || !link) return;
    if (message.type !== 'part') asked.delete(key);
    send(link, { type: 'from', clientId, message });
  }

  /** The server's `upgrade` listener for `SDK_LINK_PATH`. */
  readonly onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', () => socket.destroy());
    const path = request.url ?? '';
    this.parts
      .secretKey()
      .then((key) => {
        verifyCommand({ path, body: '' }, request.headers, key, this.ctx.clock.now());
        this.#server.handleUpgrade(request, socket, head, (link) =>
          this.#accept(link, new URLSearchParams(path.split('?')[1]).get('from')),
        );
      })
      .catch((error: unknown) => {
        // Whoever dialled says so; anybody may dial.
        this.ctx.log.debug({ err: error }, 'the link of another control process was refused');
        socket.once('finish', () => socket.destroy());
        socket.end('HTTP/1.1 401 Unauthorized\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
      });
  };

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#again.abort();
    for (const link of [...this.#accepted, ...[...this.#dialled.values()].map(({ socket }) => socket)]) link.terminate();
    this.#server.close();
    await this.#looking;
  }

  #accept(link: WebSocket, from: string | null): void {
    this.#accepted.add(link);
    watchSocket(link, this.ctx.clock, this.#options);
    link.on('message', (data) => {
      const frame = parse(data.toString());
      if (frame?.type === 'to') this.#pass(link, frame.clientId, frame.message);
    });
    link.on('error', () => link.terminate());
    link.on('close', () => {
      this.#accepted.delete(link);
      for (const { asked } of this.#local.values()) for (const [key, asker] of asked) if (asker === link) asked.delete(key);
    });
    for (const { answerer } of this.#local.values()) send(link, hereOf(answerer));
    send(link, { type: 'told' });
    // One that is new: it hears of our programs, and we of its.
    if (from !== null && !this.#dialled.has(from)) this.#again.abort();
  }

  #pass(link: WebSocket, clientId: string, message: SdkServerMessage): void {
    const program = this.#local.get(clientId);
    if (!program) return;
    const key = questionKey(message);
    if (key !== undefined) program.asked.set(key, link);
    else if (message.type === 'cancel') {
      // Somebody else waits for it by now.
      if (program.asked.get(`message ${message.id}`) !== link) return;
      program.asked.delete(`message ${message.id}`);
    }
    program.answerer.send(message);
  }

  async #look(internalUrl: string): Promise<void> {
    const { clock, log, store } = this.ctx;
    const { controlId } = this.parts;
    while (!this.#stopped.signal.aborted) {
      try {
        const now = clock.now();
        await store.controls.renew({ controlId, internalUrl }, new Date(now));
        const others = (await store.controls.live(new Date(now - LEASE_MS))).filter(
          (other) => other.controlId !== controlId && !this.#dialled.has(other.controlId),
        );
        if (!this.#stopped.signal.aborted) await Promise.all(others.map((other) => this.#dial(other)));
        if (clock.monotonic() - this.#cleanedAt > CLEAN_EVERY_MS) {
          this.#cleanedAt = clock.monotonic();
          await store.sdk.forgetMessages(new Date(now - FORGET_MESSAGES_MS));
        }
      } catch (error) {
        log.warn({ err: error }, 'other control processes could not be looked for; it is tried again');
      }
      this.#looked();
      this.#again = new AbortController();
      await sleep(clock, this.#options.lookEveryMs, AbortSignal.any([this.#stopped.signal, this.#again.signal])).catch(() => undefined);
    }
    await store.controls.remove(controlId).catch(() => undefined);
  }

  async #dial({ controlId, internalUrl }: { controlId: string; internalUrl: string }): Promise<void> {
    const { clock, log } = this.ctx;
    const path = `${SDK_LINK_PATH}?from=${encodeURIComponent(this.parts.controlId)}`;
    const programs = new Map<string, Answerer>();
    const { socket, opened } = dialLink(internalUrl, path, await this.parts.secretKey(), clock, this.#options);
    this.#dialled.set(controlId, { socket, programs });
    let named = () => {};
    const told = new Promise<void>((resolve) => {
      named = resolve;
    });
    const cancelNamed = clock.after(2 * this.#options.connectWithinMs, named);
    socket.on('message', (data) => {
      const frame = parse(data.toString());
      if (frame?.type === 'told') named();
      else if (frame) this.#told(socket, programs, frame);
    });
    socket.on('close', () => {
      cancelNamed();
      named();
      this.#dialled.delete(controlId);
      // Most of them live, and look for another process.
      for (const program of programs.values()) this.#lose(program, true);
    });
    try {
      await opened;
      await told;
      this.#refused.delete(controlId);
    } catch (error) {
      // Its row outlives a process that was killed: said once.
      if (!this.#refused.has(controlId))
        log.warn(
          { controlId, internalUrl, err: error },
          'another control process cannot be reached, nor the programs that are connected to it; all need one PATTER_SECRET_KEY, and a PATTER_CONTROL_INTERNAL_URL that the others reach',
        );
      this.#refused.add(controlId);
    }
  }

  #told(socket: WebSocket, programs: Map<string, Answerer>, frame: Exclude<SdkLinkFrame, { type: 'told' }>): void {
    const { relay, acknowledged } = this.parts;
    const { clientId } = frame;
    const known = programs.get(clientId);
    switch (frame.type) {
      case 'here': {
        const { tenantId, number, connection } = frame;
        const there: Answerer = {
          ...{ clientId, tenantId, number, connection, remote: true },
          send: (message) => send(socket, { type: 'to', clientId, message }),
        };
        programs.set(clientId, there);
        relay.connected(there);
        return;
      }
      case 'gone':
        if (known?.connection !== frame.connection) return;
        programs.delete(clientId);
        this.#lose(known, false);
        return;
      case 'from': {
        const { message } = frame;
        if (known === undefined) return;
        if (message.type === 'ack' || message.type === 'nack') acknowledged(message);
        else relay.heard(known, message);
        return;
      }
      case 'to':
        return;
      default:
        frame satisfies never;
    }
  }

  #lose(program: Answerer, mayReturn: boolean): void {
    this.parts.relay.disconnected(program, mayReturn);
    this.parts.gone(program.clientId);
  }
}

function hereOf({ clientId, tenantId, number, connection }: Answerer): SdkLinkFrame {
  return { type: 'here', clientId, tenantId, number, connection };
}

/** Under what the answer to it is waited for. */
function questionKey(message: SdkServerMessage): string | undefined {
  if (message.type === 'message') return `message ${message.id}`;
  return message.type === 'event' ? `event ${message.call.callId} ${message.event}` : undefined;
}

function answerKey(message: SdkClientMessage): string | undefined {
  switch (message.type) {
    case 'part':
    case 'answer':
    case 'failed':
      return `message ${message.id}`;
    case 'ack':
    case 'nack':
      return `event ${message.callId} ${message.event}`;
    case 'hello':
      return undefined;
    default:
      return message satisfies never;
  }
}

function send(link: WebSocket, frame: SdkLinkFrame): void {
  if (link.readyState !== link.OPEN) return;
  // Nobody reads at the other end: what waits here would only grow.
  if (link.bufferedAmount > MOST_BYTES * 8) link.terminate();
  else link.send(JSON.stringify(frame), () => undefined);
}

function parse(text: string): SdkLinkFrame | undefined {
  try {
    return sdkLinkFrame.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Where others reach this process that listens there: not at 0.0.0.0. */
function urlOf({ address, port }: AddressInfo): string {
  const anywhere = address === '0.0.0.0' || address === '::';
  const own = Object.values(networkInterfaces())
    .flatMap((found) => found ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
  const host = anywhere ? (own ?? '127.0.0.1') : address;
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
