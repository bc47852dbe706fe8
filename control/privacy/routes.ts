/** What a person may ask for, over HTTP. The number is in the body: addresses are written into logs. */
import type { FastifyInstance } from 'fastify';
import { type CountryCode, isSupportedCountry } from 'libphonenumber-js/max';
import { z } from 'zod';
import { PatterError } from '../../contracts/errors';
import { tenantOf } from '../access';
import type { ControlContext } from '../context';
import { erasePerson } from './erase-person';

const eraseSchema = z.strictObject({
  phone: z.string().min(1).max(50),
  region: z.custom<CountryCode>((given) => typeof given === 'string' && isSupportedCountry(given), 'no country, as in US').optional(),
  dryRun: z.boolean().optional(),
});

/** `POST /api/privacy/erase`: answers with an `EraseResult`, of the caller's own tenant; a repeat erases nothing more. */
export function registerPrivacy(app: FastifyInstance, ctx: ControlContext): void {
  app.post('/api/privacy/erase', { config: { scope: 'privacy' } }, async (request) => {
    const parsed = eraseSchema.safeParse(request.body);
    if (!parsed.success) {
      const problems = parsed.error.issues.map(({ message, path }) => `${path.join('.') || 'request'}: ${message}`);
      throw new PatterError('PATTER_REQUEST_INVALID', problems.join('; '));
    }
    return erasePerson(ctx, { ...parsed.data, tenantId: tenantOf(request) });
  });
}
