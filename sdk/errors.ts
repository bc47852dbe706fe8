/**
 * The family of errors that the package throws. `instanceof PatterError` holds for all of them, also for one that comes from another copy of the package.
 *
 *     PatterError
 *     ├── PatterConnectionError   not connected, nothing to connect to, or nobody to answer
 *     ├── PatterValidationError   an option has a value that cannot be
 *     └── PatterTypeError         something else was given where an object of this package is needed; also a TypeError
 */
import { type ErrorCode, PatterError } from '../contracts/errors';

export { type ErrorCode, isPatterError, PatterError } from '../contracts/errors';

type Options = ErrorOptions & { details?: Record<string, unknown> };

/** Not connected, nothing to connect to, or nobody to answer. `code` is PATTER_NOT_CONNECTED unless a more exact one is known. */
export class PatterConnectionError extends PatterError {
  constructor(message: string, options?: Options & { code?: ErrorCode }) {
    super(options?.code ?? 'PATTER_NOT_CONNECTED', message, options);
    this.name = 'PatterConnectionError';
  }
}

/** An option has a value that cannot be; `details.option` names it. `code` is PATTER_OPTION_INVALID or PATTER_CREDENTIAL_MISSING. */
export class PatterValidationError extends PatterError {
  /** @param option as the user writes it: `port`, `tools[0].name` */
  constructor(option: string, message: string, options?: Options & { code?: ErrorCode }) {
    super(options?.code ?? 'PATTER_OPTION_INVALID', message, { ...options, details: { option, ...options?.details } });
    this.name = 'PatterValidationError';
  }
}

/** A TypeError, as JavaScript has it, with the code and details of a PatterError. */
export class PatterTypeError extends TypeError {
  /** Stable, for programs. */
  readonly code: ErrorCode = 'PATTER_OPTION_INVALID';
  /** `option`: which one, as the user writes it. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(option: string, message: string) {
    super(message);
    this.name = 'PatterTypeError';
    this.details = { option };
  }

  /** `<code>: <message>`. */
  override toString(): string {
    return `${this.code}: ${this.message}`;
  }
}
