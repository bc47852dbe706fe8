/** What an error of Twilio means where a request may be repeated. */
import { UnknownOutcomeError } from '../../contracts/carrier';
import { PatterError } from '../../contracts/errors';
import { httpStatusOf, vendorCodeOf } from './outcome';

/** The call is over, or not in a state that the update fits. */
export const NOT_IN_PROGRESS = 21_220;
export const NOT_FOUND = 20_404;

/** For requests that change nothing, or nothing new when repeated: an error to retry on, or one to give up on. */
export function readError(error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  const httpStatus = httpStatusOf(error);
  if (httpStatus === undefined || httpStatus >= 500) return new UnknownOutcomeError(`Twilio did not answer: ${message}`, { cause: error });
  return new PatterError('PATTER_CARRIER_REFUSED', `Twilio refused: ${message}`, {
    cause: error,
    details: { vendorCode: vendorCodeOf(error), httpStatus },
  });
}
