/** The backend's REST API, as the package uses it. */
import { type Clock, sleep, systemClock } from '../../contracts/clock';
import { ERRORS, type ErrorCode, isPatterError, PatterError } from '../../contracts/errors';
import { PatterConnectionError } from '../errors';
import type { CloudConfig } from '../options/constructor';

const DEADLINE_MS = 20_000;
const SILENT_MS = 45_000;
const AGAIN_MS = 200;
const LONGEST_AGAIN_MS = 5_000;

/** With a backend that is away. */
export interface Patience {
  /** Milliseconds of tries that fail. */
  readonly forMs: number;
  readonly signal: AbortSignal;
}

export class RestClient {
  /** @param config `apiKey` may be empty: for a backend of this machine */
  constructor(
    private readonly config: Pick<CloudConfig, 'apiKey' | 'restUrl'>,
    private readonly clock: Clock = systemClock,
  ) {}

  /** @throws PatterConnectionError when the backend cannot be reached or refuses the key; PatterError with the backend's code */
  async request<Answer>(method: 'GET' | 'POST', path: string, body?: unknown, signal?: AbortSignal): Promise<Answer> {
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    const response = await this.#send(method, path, body, signal ? AbortSignal.any([signal, deadline]) : deadline);
    return (await response.json()) as Answer;
  }

  /**
   * As `request`, again and again while the backend is away: only for what does no harm twice.
   * @param patience.forMs of tries that fail
   */
  patiently<Answer>(method: 'GET' | 'POST', path: string, body: unknown, patience: Patience): Promise<Answer> {
    return this.#again(() => this.request<Answer>(method, path, body, patience.signal), patience);
  }

  /** An answer of any size, patiently too. */
  long<Answer>(path: string, patience: Patience): Promise<Answer> {
    return this.#again(async () => {
      const text = new TextDecoder();
      let json = '';
      for await (const chunk of this.stream(path, patience.signal)) json += text.decode(chunk, { stream: true });
      return JSON.parse(json) as Answer;
    }, patience);
  }

  /** An answer whose body is read as it comes. It may take as long as it takes, but a backend that is there says something every 15 s. */
  async *stream(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const silent = new AbortController();
    const over = AbortSignal.any([signal, silent.signal]);
    let cancel = () => {};
    const heard = () => {
      cancel();
      cancel = this.clock.after(SILENT_MS, () => silent.abort(new Error(`nothing came for ${SILENT_MS / 1_000} s`)));
    };
    heard();
    try {
      const { body } = await this.#send('GET', path, undefined, over);
      if (!body)
        throw new PatterConnectionError(`The backend at ${this.config.restUrl} sent no events: is a proxy before it that buffers?`);
      for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
        heard();
        yield chunk;
      }
    } finally {
      cancel();
    }
  }

  async #again<Answer>(work: () => Promise<Answer>, { forMs, signal }: Patience): Promise<Answer> {
    const giveUpAt = this.clock.monotonic() + forMs;
    for (let tries = 0; ; tries++) {
      try {
        return await work();
      } catch (error) {
        if (signal.aborted || !isTemporary(error) || this.clock.monotonic() >= giveUpAt) throw error;
      }
      const pauseMs = Math.min(LONGEST_AGAIN_MS, AGAIN_MS * 2 ** tries) * (0.5 + Math.random() / 2);
      await sleep(this.clock, pauseMs, signal);
    }
  }

  async #send(method: string, path: string, body: unknown, signal: AbortSignal): Promise<Response> {
    const { apiKey, restUrl } = this.config;
    let response: Response;
    try {
      response = await fetch(`${restUrl}${path}`, {
        method,
        signal,
        headers: {
          ...(apiKey !== '' && { authorization: `Bearer ${apiKey}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    } catch (cause) {
      if (signal.aborted && signal.reason instanceof PatterError) throw signal.reason;
      throw unreachable(restUrl, cause, 'restUrl');
    }
    if (response.ok) return response;
    const { code, message } = (await response.json().catch(() => ({}))) as { code?: string; message?: string };
    throw refusal(response.status, code, message, restUrl);
  }
}

export function unreachable(url: string, cause: unknown, option: 'restUrl' | 'backendUrl'): PatterConnectionError {
  const variable = option === 'restUrl' ? 'PATTER_REST_URL' : 'PATTER_BACKEND_URL';
  return new PatterConnectionError(
    `The backend at ${url} cannot be reached (${reasonOf(cause)}). Is it running? Another one is named by ${option} or ${variable}; \`patter control\` starts one of your own.`,
    { cause },
  );
}

/** @param status of HTTP */
export function refusal(status: number, code: string | undefined, message: string | undefined, url: string): PatterError {
  const known = code !== undefined && Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : undefined;
  if (status === 401 || known === 'PATTER_UNAUTHORIZED') {
    return new PatterConnectionError(
      `The backend at ${url} does not know this API key: it is wrong, or was revoked. \`patter keys create\` makes one.`,
      { code: 'PATTER_UNAUTHORIZED' },
    );
  }
  if (known === 'PATTER_FORBIDDEN' || known === 'PATTER_CLIENT_NOT_CONNECTED' || known === 'PATTER_NUMBER_TAKEN') {
    return new PatterConnectionError(message ?? ERRORS[known], { code: known });
  }
  if (known) return new PatterError(known, message ?? ERRORS[known]);
  const said = message ? `: ${message}` : '';
  return new PatterConnectionError(
    status === 0 ? `The backend at ${url} refused the connection${said}.` : `The backend at ${url} answered ${status}${said}.`,
    { details: { status } },
  );
}

/** The backend or the way to it may be well again in a moment. */
export function isTemporary(error: unknown): boolean {
  if (!isPatterError(error) && !(error instanceof PatterConnectionError)) return true;
  const { code, details } = error as PatterError;
  // It is there, and does not know what was asked: an older one, or something else.
  if (typeof details.status === 'number' && details.status >= 400 && details.status < 500) return false;
  return code === 'PATTER_NOT_CONNECTED' || code === 'PATTER_TEMPORAL_UNAVAILABLE' || code === 'PATTER_POSTGRES_UNAVAILABLE';
}

function reasonOf(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  if (!(inner instanceof Error)) return String(inner);
  return inner.message || ((inner as NodeJS.ErrnoException).code ?? inner.name);
}
