/** The do-not-call list over HTTP, of the caller's own tenant. Numbers are in bodies: addresses are written into logs. */
import type { FastifyInstance } from 'fastify';
import { type CountryCode, isSupportedCountry } from 'libphonenumber-js/max';
import { z } from 'zod';
import { PatterError } from '../../contracts/errors';
import { tenantOf } from '../access';
import type { ControlContext } from '../context';
import { addToDnc, checkDnc, type DncContext, removeFromDnc } from './dnc';

const numberSchema = z.strictObject({
  phone: z.string().min(1).max(50),
  region: z.custom<CountryCode>((given) => typeof given === 'string' && isSupportedCountry(given), 'no country, as in US').optional(),
});
const entrySchema = numberSchema.extend({ reason: z.string().max(500).default('added through the API') });

/** `POST /api/dnc/add`, `/remove`, `/check`: doing it twice is success. */
export function registerDnc(app: FastifyInstance, ctx: ControlContext): void {
  const route = <Body extends z.infer<typeof numberSchema>>(
    name: string,
    schema: z.ZodType<Body>,
    work: (dnc: DncContext, body: Body) => Promise<object>,
  ) =>
    app.post(`/api/dnc/${name}`, { config: { scope: 'dnc' } }, (request) => {
      const body = checked(schema, request.body);
      return work({ store: ctx.store, tenantId: tenantOf(request), region: body.region, now: ctx.clock.now() }, body);
    });

  route('add', entrySchema, (dnc, { phone, reason }) => addToDnc(dnc, phone, reason, 'api'));
  route('remove', numberSchema, (dnc, { phone }) => removeFromDnc(dnc, phone));
  route('check', numberSchema, async (dnc, { phone }) => {
    const { phone: number, entry } = await checkDnc(dnc, phone);
    return { phone: number, listed: entry !== undefined, ...entry };
  });
}

function checked<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ message, path }) => `${path.join('.') || 'request'}: ${message}`);
  throw new PatterError('PATTER_REQUEST_INVALID', problems.join('; '));
}
