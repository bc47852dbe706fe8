/** The backend's REST API, as the package uses it. */
import { type Clock, systemClock } from '../../contracts/clock';
import { ERRORS, type ErrorCode, PatterError } from '../../contracts/errors';
import { PatterConnectionError } from '../errors';
import type { CloudConfig } from '../options/constructor';

const DEADLINE_MS = 20_000;
const SILENT_MS = 45_000;

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
  );
}

function reasonOf(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  if (!(inner instanceof Error)) return String(inner);
  return inner.message || ((inner as NodeJS.ErrnoException).code ?? inner.name);
}
