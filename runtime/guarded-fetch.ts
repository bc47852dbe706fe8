/**
 * Requests to URLs that users wrote. A name is judged by the addresses it resolves to at the very connection that is used, so that neither a
 * name of this network nor one that changes its mind between check and use (DNS rebinding) leads inside.
 */
import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { PatterError } from '../contracts/errors';
import { isPublicAddress } from './address-rules';
import { type CarrierUrls, type Config, remoteCarriers } from './config';

export interface GuardedRequest {
  url: string;
  method: 'GET' | 'POST' | 'DELETE';
  headers?: Readonly<Record<string, string>>;
  body?: string;
  /** For all redirects and the whole answer together. */
  timeoutMs: number;
  signal?: AbortSignal;
  /** Bytes of the answer that are read; the rest is cut off (`truncated`). */
  maxResponseBytes: number;
  /** 307 and 308 only, which repeat the request as it is; any other status is the answer. At most `MAX_REDIRECTS`; default 0. */
  maxRedirects?: number;
}

/** An answer whose body is read while it comes. */
export interface GuardedStream {
  status: number;
  headers: IncomingHttpHeaders;
  /** Leaving a loop over it closes the connection. */
  body: AsyncIterable<Buffer>;
}

export interface GuardedResponse {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  truncated: boolean;
}

/** Resolves a name to all its addresses. */
export type Resolve = (hostname: string) => Promise<LookupAddress[]>;

export const MAX_REDIRECTS = 3;

/** Unset, loopback and private targets are let through only where no real phone can ring: every carrier is on this machine. */
export function mayReachPrivate(config: Pick<Config, 'PATTER_ALLOW_PRIVATE_WEBHOOKS'> & CarrierUrls): boolean {
  return config.PATTER_ALLOW_PRIVATE_WEBHOOKS ?? remoteCarriers(config).length === 0;
}

export class GuardedFetch {
  private readonly http = new HttpAgent({ keepAlive: true });
  private readonly https = new HttpsAgent({ keepAlive: true });

  /** @param resolve the system's resolver unless given */
  constructor(
    private readonly options: { allowPrivate: boolean },
    private readonly resolve: Resolve = resolveBySystem,
  ) {}

  /**
   * @throws PatterError PATTER_URL_FORBIDDEN for an address, a scheme or a redirect that is not allowed; nothing was sent there
   * @throws Error of the network, or the signal's reason
   */
  async send(request: GuardedRequest): Promise<GuardedResponse> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(new Error(`no answer within ${request.timeoutMs} ms`)), request.timeoutMs);
    const signal = request.signal ? AbortSignal.any([request.signal, deadline.signal]) : deadline.signal;
    try {
      return await this.follow(request, signal);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * One request without redirects, whose answer is read as it comes. Deadlines and limits are the caller's, by `signal`.
   * @throws PatterError PATTER_URL_FORBIDDEN, nothing was sent; Error of the network, or the signal's reason
   */
  async stream(request: Pick<GuardedRequest, 'url' | 'method' | 'headers' | 'body'> & { signal: AbortSignal }): Promise<GuardedStream> {
    const response = await this.begin(checkedUrl(request.url), request, request.signal);
    const abort = () => response.destroy();
    if (request.signal.aborted) abort();
    request.signal.addEventListener('abort', abort, { once: true });
    response.once('close', () => request.signal.removeEventListener('abort', abort));
    return { status: response.statusCode ?? 0, headers: response.headers, body: response as AsyncIterable<Buffer> };
  }

  /**
   * What a WebSocket (`ws`) needs to be opened under the same rules.
   * @throws PatterError PATTER_URL_FORBIDDEN
   */
  socketOptions(socketUrl: string): { lookup: LookupFunction } {
    const url = checkedUrl(socketUrl.replace(/^ws(s?):/i, 'http$1:'));
    this.checkLiteral(url);
    return { lookup: this.lookupFor(url) };
  }

  /** Closes idle connections. */
  close(): void {
    this.http.destroy();
    this.https.destroy();
  }

  private async follow(request: GuardedRequest, signal: AbortSignal): Promise<GuardedResponse> {
    let url = checkedUrl(request.url);
    const mayFollow = Math.min(request.maxRedirects ?? 0, MAX_REDIRECTS);
    for (let redirects = 0; ; redirects++) {
      const response = await this.once(url, request, signal);
      const location = response.headers.location;
      if (mayFollow === 0 || (response.status !== 307 && response.status !== 308) || location === undefined) return response;
      if (redirects >= mayFollow) throw forbidden(url, `it redirects more than ${mayFollow} times`);
      const next = checkedUrl(URL.canParse(location, url.href) ? new URL(location, url).href : '');
      if (url.protocol === 'https:' && next.protocol !== 'https:') throw forbidden(next, 'an https URL redirects to it in plain text');
      url = next;
    }
  }

  private async once(url: URL, request: GuardedRequest, signal: AbortSignal): Promise<GuardedResponse> {
    const response = await this.begin(url, request, signal);
    const abort = () => response.destroy();
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    try {
      return { status: response.statusCode ?? 0, headers: response.headers, ...(await readText(response, request.maxResponseBytes)) };
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** To the head of the answer; its body is the caller's to read or to destroy. */
  private begin(url: URL, request: Pick<GuardedRequest, 'method' | 'headers' | 'body'>, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      this.checkLiteral(url);
      const secure = url.protocol === 'https:';
      const sent: ClientRequest = (secure ? httpsRequest : httpRequest)(url, {
        method: request.method,
        agent: secure ? this.https : this.http,
        headers: { ...request.headers, ...(request.body !== undefined && { 'content-length': String(Buffer.byteLength(request.body)) }) },
        lookup: this.lookupFor(url),
      });
      const onAbort = () => sent.destroy();
      const settle = (done: () => void) => {
        signal.removeEventListener('abort', onAbort);
        done();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      sent.on('socket', (socket) => this.checkPeer(socket, url, sent));
      sent.on('error', (error) => settle(() => reject(signal.aborted ? signal.reason : error)));
      sent.on('response', (response) => settle(() => resolve(response)));
      sent.end(request.body);
    });
  }

  private checkLiteral(url: URL): void {
    const literal = url.hostname.replace(/^\[|\]$/g, '');
    if (!this.options.allowPrivate && isIP(literal) !== 0 && !isPublicAddress(literal)) throw forbidden(url, 'its address is not public');
  }

  /** What the socket is connected to is what counts, however it came to that address. */
  private checkPeer(socket: Socket, url: URL, sent: ClientRequest): void {
    if (this.options.allowPrivate) return;
    const check = () => {
      if (socket.remoteAddress !== undefined && !isPublicAddress(socket.remoteAddress))
        sent.destroy(forbidden(url, 'its address is not public'));
    };
    if (socket.connecting) socket.once('connect', check);
    else check();
  }

  /** One address that is not public condemns the name: nobody lists such a one beside a public one by accident. */
  private lookupFor(url: URL): LookupFunction {
    return (hostname, options, callback) => {
      this.resolve(hostname).then(
        (found) => {
          const wanted = found.filter(({ family }) => !options.family || options.family === family || options.family === `IPv${family}`);
          const first = wanted[0];
          if (!first) return callback(Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' }), '');
          if (!this.options.allowPrivate && wanted.some(({ address }) => !isPublicAddress(address))) {
            return callback(forbidden(url, 'its address is not public'), '');
          }
          if (options.all) return callback(null, wanted);
          return callback(null, first.address, first.family);
        },
        (error: NodeJS.ErrnoException) => callback(error, ''),
      );
    };
  }
}

function resolveBySystem(hostname: string): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    systemLookup(hostname, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });
}

/** The parser turns decimal, octal and hexadecimal hosts into the addresses that they are. */
function checkedUrl(text: string): URL {
  if (!URL.canParse(text)) throw new PatterError('PATTER_URL_FORBIDDEN', 'Not a URL.');
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw forbidden(url, 'only http and https are asked');
  if (url.username !== '' || url.password !== '') throw forbidden(url, 'it carries a user name or a password');
  return url;
}

/** The host alone: paths and queries often hold credentials. */
function forbidden(url: URL, why: string): PatterError {
  return new PatterError(
    'PATTER_URL_FORBIDDEN',
    `${url.host || url.protocol} is not asked: ${why}. For targets within your own network set PATTER_ALLOW_PRIVATE_WEBHOOKS=true.`,
    { details: { host: url.host } },
  );
}

/** Reads to the end or to the limit; a body beyond it is cut off with its connection. */
async function readText(response: IncomingMessage, maxBytes: number): Promise<{ text: string; truncated: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk.subarray(0, maxBytes - size));
    size += chunk.length;
    // Leaving the loop destroys the stream.
    if (size > maxBytes) return { text: Buffer.concat(chunks).toString('utf8'), truncated: true };
  }
  return { text: Buffer.concat(chunks).toString('utf8'), truncated: false };
}
