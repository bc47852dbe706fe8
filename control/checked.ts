import type { z } from 'zod';
import { PatterError } from '../contracts/errors';

/** What came in a request, of the shape that it must have. @throws PatterError PATTER_REQUEST_INVALID that names the fields */
export function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'request'}: ${issue.message}`);
  throw new PatterError('PATTER_REQUEST_INVALID', problems.join('; '));
}
