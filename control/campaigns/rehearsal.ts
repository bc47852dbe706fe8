import { PatterError } from '../../contracts/errors';
import { type CarrierUrls, type Config, remoteCarriers } from '../../runtime/config';

/**
 * What is added to the clock where calling windows are judged: 0 but in rehearsals.
 * @throws PatterError PATTER_REHEARSAL_REFUSED where a real phone could ring
 */
export function rehearsalOffsetMs(config: Pick<Config, 'PATTER_REHEARSE_AT'> & CarrierUrls, now: number): number {
  const at = config.PATTER_REHEARSE_AT;
  if (at === undefined) return 0;
  const remote = remoteCarriers(config);
  if (remote.length === 0) return Date.parse(at) - now;
  throw new PatterError(
    'PATTER_REHEARSAL_REFUSED',
    `PATTER_REHEARSE_AT moves the calling window, and ${remote.join(' and ')} can ring real phones. Unset one of the two.`,
  );
}
