/** The query of a listen socket, checked as the vendor does. */
import { z } from 'zod';

export class ListenRefusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'ListenRefusal';
  }
}

const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const list = z.union([z.string().transform((one) => [one]), z.array(z.string())]);
const audio = {
  encoding: z.enum(['mulaw', 'linear16']),
  sample_rate: z.coerce.number().pipe(z.union([z.literal(8_000), z.literal(24_000)])),
  mip_opt_out: flag.optional(),
  tag: list.optional(),
};

const v1 = z.strictObject({
  ...audio,
  model: z.string().default('base-general'),
  version: z.string().optional(),
  language: z.string().default('en'),
  channels: z.coerce.number().pipe(z.literal(1)).default(1),
  interim_results: flag.default(false),
  /** Milliseconds of silence; `false`: a segment never ends by silence. */
  endpointing: z.union([z.literal('false').transform(() => false as const), z.coerce.number().int().min(0)]).default(10),
  utterance_end_ms: z.coerce.number().int().min(1_000).optional(),
  vad_events: flag.default(false),
  smart_format: flag.default(false),
  punctuate: flag.optional(),
  numerals: flag.optional(),
  profanity_filter: flag.optional(),
  keyterm: list.default([]),
  keywords: list.default([]),
});

const v2 = z.strictObject({
  ...audio,
  model: z.enum(['flux-general-en', 'flux-general-multi']),
  eager_eot_threshold: z.coerce.number().min(0.3).max(0.9).optional(),
  eot_threshold: z.coerce.number().min(0.5).max(1).default(0.7),
  eot_timeout_ms: z.coerce.number().int().min(500).max(60_000).default(5_000),
  keyterm: list.default([]),
  language_hint: list.optional(),
  numerals: flag.optional(),
  profanity_filter: flag.optional(),
});

export type ListenV1Query = z.output<typeof v1>;
export type ListenV2Query = z.output<typeof v2>;

export function rawQuery(params: URLSearchParams): Record<string, string | string[]> {
  return Object.fromEntries(
    [...new Set(params.keys())].map((name) => {
      const all = params.getAll(name);
      return [name, all.length > 1 ? all : (all[0] ?? '')];
    }),
  );
}

export function parseV1(query: Record<string, string | string[]>): ListenV1Query {
  const parsed = parse(v1, query);
  if (parsed.utterance_end_ms !== undefined && !parsed.interim_results) throw bad('utterance_end_ms needs interim_results=true.');
  if (parsed.model.startsWith('nova-3') && parsed.keywords.length > 0) {
    throw bad('Keywords are not supported for Nova-3. Please use keyterm instead.');
  }
  if (!parsed.model.startsWith('nova-3') && parsed.keyterm.length > 0) throw bad('keyterm is supported by Nova-3 only.');
  return parsed;
}

export function parseV2(query: Record<string, string | string[]>): ListenV2Query {
  const parsed = parse(v2, query);
  if ((parsed.eager_eot_threshold ?? 0) > parsed.eot_threshold) throw bad('eager_eot_threshold must not be above eot_threshold.');
  return parsed;
}

function parse<T extends z.ZodType>(schema: T, query: unknown): z.output<T> {
  const result = schema.safeParse(query);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const name = issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path.join('.');
  throw bad(`Failed to parse query parameter '${name}': ${issue?.message}`);
}

const bad = (message: string) => new ListenRefusal(400, 'INVALID_QUERY_PARAMETER', message);
