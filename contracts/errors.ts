/**
 * The catalogue of errors. Codes are stable: users match on them, so a code is never renamed and never reused.
 * Every entry is explained in docs/errors.md; a test holds the two together.
 */
export const ERRORS = {
  // Configuration and start
  PATTER_CONFIG_INVALID: 'The configuration is not valid',
  PATTER_CAMPAIGN_FILE_INVALID: 'The campaign file is not valid',
  PATTER_AGENT_FILE_INVALID: 'The agent file is not valid',
  PATTER_CONTACTS_FILE_INVALID: 'The contacts file is not valid',
  PATTER_CREDENTIAL_MISSING: 'A credential is missing',
  PATTER_STACK_NOT_RUNNING: 'No Temporal or Postgres to talk to',
  PATTER_TEMPORAL_UNAVAILABLE: 'Temporal cannot be reached or started',
  PATTER_POSTGRES_UNAVAILABLE: 'Postgres cannot be reached or started',
  PATTER_PROCESS_FAILED: 'A process did not start',
  // Campaigns
  PATTER_CAMPAIGN_NOT_FOUND: 'No campaign has that name or id',
  PATTER_CAMPAIGN_STATE: 'The campaign is not in a state that allows this',
  PATTER_REHEARSAL_REFUSED: 'A rehearsal clock is refused where real phones could ring',
  PATTER_SCHEDULE_NOT_FOUND: 'No schedule has that id',
  // Inbound lines and their numbers
  PATTER_LINE_FILE_INVALID: 'The line file is not valid',
  PATTER_LINE_NOT_FOUND: 'No line answers that number',
  PATTER_NUMBER_NOT_OWNED: 'The carrier account does not own the number',
  PATTER_NUMBER_TAKEN: 'The number belongs to something else',
  // Contacts, row by row
  PATTER_CONTACT_PHONE_MISSING: 'The row has no phone number',
  PATTER_CONTACT_PHONE_INVALID: 'The phone number is not valid',
  PATTER_CONTACT_TIMEZONE_INVALID: 'The time zone is not an IANA name',
  PATTER_CONTACT_ROW_INVALID: 'The row cannot be read',
  // Calls
  PATTER_CARRIER_UNKNOWN_OUTCOME: 'The carrier may or may not have carried out the request',
  PATTER_CARRIER_REFUSED: 'The carrier refused the request',
  PATTER_CALL_NOT_FOUND: 'No such call',
  PATTER_CALL_ENDED: 'The call has ended',
  PATTER_IDEMPOTENCY_CONFLICT: 'The idempotency key belongs to another call or campaign',
  PATTER_CALL_DUPLICATE: 'Another call of this attempt is already connected',
  PATTER_TRANSFER_TARGET_UNKNOWN: 'The transfer target is not one that the developer wrote',
  // Gateway
  PATTER_NO_GATEWAY: 'No live gateway has room for a call',
  PATTER_WEBHOOK_SIGNATURE: 'The webhook signature is not valid',
  PATTER_TOKEN_INVALID: 'The call token is not valid',
  PATTER_TOKEN_EXPIRED: 'The call token has expired',
  PATTER_TOKEN_USED: 'The call token has been used by another stream',
  PATTER_STREAM_PROTOCOL: 'The media stream broke the protocol',
  // Providers and user endpoints
  PATTER_PROVIDER_FAILED: 'The AI provider failed',
  PATTER_TOOL_FAILED: 'The tool did not answer',
  PATTER_WEBHOOK_FAILED: 'The webhook was not accepted',
  PATTER_UNAUTHORIZED: 'The request carries no valid credential',
  PATTER_FORBIDDEN: 'The credential does not allow this',
  PATTER_KEY_NOT_FOUND: 'The tenant has no such API key',
  PATTER_CLIENT_NOT_CONNECTED: 'No program of the tenant answers for the number',
  PATTER_URL_FORBIDDEN: 'The URL leads where no request is sent',
  PATTER_REQUEST_INVALID: 'The request is too large or cannot be read',
  // Privacy
  PATTER_PERSON_IN_CALL: 'The person is in a call',
  // The package
  PATTER_OPTION_INVALID: 'An option of the package is not valid',
  PATTER_NOT_CONNECTED: 'There is no connection, or nobody to answer',
  PATTER_RESULT_TIMEOUT: 'The call has not ended within the given time',
} as const;

/** The stable codes that errors are known by: docs/errors.md tells what to do about each. */
export type ErrorCode = keyof typeof ERRORS;

/** Of PatterError and what is built on it (sdk/errors.ts). By name: an error may come from another copy of this module (jest, the workflow sandbox). */
const FAMILY = /^Patter(Connection|Validation|Type)?Error$/;

/** The one error class of the product. `message` says what to do; `code` is stable. */
export class PatterError extends Error {
  /** `error instanceof PatterError` holds for the whole family, also for an error that comes from another copy of the package. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: a class that extends this one is asked about itself, with the language's own rule
    return this === PatterError ? isPatterError(value) : Function.prototype[Symbol.hasInstance].call(this, value);
  }

  /** Stable, for programs: `PATTER_…`. */
  readonly code: ErrorCode;
  /** Which field, line or part is meant, for programs. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions & { details?: Record<string, unknown> }) {
    super(message, options);
    this.name = 'PatterError';
    this.code = code;
    this.details = options?.details ?? {};
  }

  /** `<code>: <message>`. */
  override toString(): string {
    return `${this.code}: ${this.message}`;
  }
}

/** Whether `error` is one of the family, and of this `code` where one is given. */
export function isPatterError(error: unknown, code?: ErrorCode): error is PatterError {
  return error instanceof Error && FAMILY.test(error.name) && (code === undefined || (error as PatterError).code === code);
}
