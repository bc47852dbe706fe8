import { PatterError } from '../../contracts/errors';
import { type Config, isLoopbackUrl } from '../../runtime/config';

/**
 * What is added to the clock where calling windows are judged: 0 but in rehearsals.
 * @throws PatterError PATTER_REHEARSAL_REFUSED where a real phone could ring
 */
export function rehearsalOffsetMs(config: Pick<Config, 'PATTER_REHEARSE_AT' | 'TWILIO_BASE_URL'>, now: number): number {
  const at = config.PATTER_REHEARSE_AT;
  if (at === undefined) return 0;
  if (isLoopbackUrl(config.TWILIO_BASE_URL)) return Date.parse(at) - now;
  throw new PatterError(
    'PATTER_REHEARSAL_REFUSED',
    `PATTER_REHEARSE_AT moves the calling window, and TWILIO_BASE_URL (${config.TWILIO_BASE_URL}) can ring real phones. Unset one of the two.`,
  );
}
