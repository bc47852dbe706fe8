import { PatterError } from '../../contracts/errors';

export class LlmError extends PatterError {
  constructor(
    message: string,
    /** Whether another try may help. */
    readonly retryable: boolean,
    options?: ErrorOptions & { code?: 'PATTER_PROVIDER_FAILED' | 'PATTER_CREDENTIAL_MISSING' },
  ) {
    super(options?.code ?? 'PATTER_PROVIDER_FAILED', message, { cause: options?.cause });
  }
}
