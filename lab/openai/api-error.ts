/** Errors as OpenAI words them, over HTTP and in Realtime `error` events. */
import type { ZodType, z } from 'zod';

export class ApiError extends Error {
  constructor(
    readonly code: string | null,
    message: string,
    readonly param: string | null = null,
    readonly status = 400,
    readonly type = status >= 500 ? 'server_error' : 'invalid_request_error',
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** The body of a failed HTTP request. */
  get body() {
    return { error: { message: this.message, type: this.type, param: this.param, code: this.code } };
  }
}

/** Checks a value, and throws what the API would answer: which parameter is missing, unknown or wrong. */
export function parseOrThrow<T extends ZodType>(schema: T, value: unknown, at = ''): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  if (!issue) throw new ApiError('invalid_value', 'Invalid request.');
  const path = [...(at === '' ? [] : [at]), ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const param = name([...path, issue.keys[0] ?? '']);
    throw new ApiError('unknown_parameter', `Unknown parameter: '${param}'.`, param);
  }
  const param = name(path);
  if (pick(value, issue.path) === undefined)
    throw new ApiError('missing_required_parameter', `Missing required parameter: '${param}'.`, param);
  const code = issue.code === 'invalid_type' ? 'invalid_type' : 'invalid_value';
  throw new ApiError(code, `Invalid value for '${param}': ${issue.message}.`, param);
}

function name(path: readonly PropertyKey[]): string {
  return path.map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i > 0 ? '.' : ''}${String(key)}`)).join('');
}

function pick(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (at !== null && typeof at === 'object' ? (at as Record<PropertyKey, unknown>)[key] : undefined),
    value,
  );
}

/** The key of `Authorization: Bearer …`; any key will do in the lab, none will not. */
export function requireBearer(authorization: string | undefined): string {
  const key = /^Bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1];
  if (key) return key;
  throw new ApiError(
    null,
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
    null,
    401,
  );
}
