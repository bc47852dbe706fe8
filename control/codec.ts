/**
 * Codec endpoint of the Temporal UI and CLI: decrypts what they show, in the browser of somebody who may see it. Set it there as
 * `http://<control>/codec` (UI: Codec Server, CLI: `--codec-endpoint`).
 */

import type { Payload } from '@temporalio/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isPatterError, PatterError } from '../contracts/errors';
import { type Config, isLoopbackUrl } from '../runtime/config';
import { dataConverterFor } from '../runtime/temporal';

/** A page of a history is sent at once. */
const BODY_LIMIT_BYTES = 8 * 1024 * 1024;
const MAX_PAYLOADS = 5_000;
const PREFLIGHT_CACHE_S = 600;

const base64 = z.string().regex(/^[A-Za-z0-9+/_-]*={0,2}$/);
/** Protobuf's JSON of `Payloads`. */
const bodySchema = z.object({
  payloads: z
    .array(z.object({ metadata: z.record(z.string(), base64).optional(), data: base64.nullish() }))
    .max(MAX_PAYLOADS)
    .optional(),
});

type CodecConfig = Pick<Config, 'PATTER_ENCRYPTION_KEY' | 'PATTER_CODEC_ORIGINS'>;

export function isCodecPath(path: string | undefined): boolean {
  return path === '/codec/encode' || path === '/codec/decode';
}

/** Pages of this machine, and those that the configuration names. */
export function isCodecOrigin(origin: string, config: CodecConfig): boolean {
  if (!URL.canParse(origin)) return false;
  return isLoopbackUrl(origin) || (config.PATTER_CODEC_ORIGINS?.includes(new URL(origin).origin) ?? false);
}

/** Without a key payloads go through as they are. Callers are authorised before. */
export function registerCodec(app: FastifyInstance, config: CodecConfig): void {
  const [codec] = dataConverterFor(config).payloadCodecs ?? [];
  const cors = (request: FastifyRequest, reply: FastifyReply) => {
    const { origin } = request.headers;
    reply.header('vary', 'origin');
    if (origin === undefined || !isCodecOrigin(origin, config)) return false;
    reply.header('access-control-allow-origin', origin);
    return true;
  };
  for (const action of ['encode', 'decode'] as const) {
    app.options(`/codec/${action}`, async (request, reply) => {
      if (!cors(request, reply)) throw new PatterError('PATTER_UNAUTHORIZED', 'This origin is not in PATTER_CODEC_ORIGINS.');
      return reply
        .headers({
          'access-control-allow-methods': 'POST',
          'access-control-allow-headers': 'authorization,content-type,x-namespace',
          'access-control-max-age': String(PREFLIGHT_CACHE_S),
          ...(request.headers['access-control-request-private-network'] && { 'access-control-allow-private-network': 'true' }),
        })
        .code(204)
        .send();
    });
    app.post(`/codec/${action}`, { bodyLimit: BODY_LIMIT_BYTES }, async (request, reply) => {
      cors(request, reply);
      const parsed = bodySchema.safeParse(request.body);
      if (!parsed.success) throw new PatterError('PATTER_REQUEST_INVALID', 'Send {"payloads": […]} as protobuf’s JSON has it.');
      const payloads = (parsed.data.payloads ?? []).map(fromJson);
      try {
        return { payloads: (codec ? await codec[action](payloads) : payloads).map(toJson) };
      } catch (error) {
        if (isPatterError(error)) throw error;
        throw new PatterError('PATTER_REQUEST_INVALID', 'A payload cannot be decrypted: it was changed, or is not whole.', {
          cause: error,
        });
      }
    });
  }
}

function fromJson({ metadata, data }: { metadata?: Record<string, string>; data?: string | null }): Payload {
  const decoded = Object.entries(metadata ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')] as const);
  return { metadata: Object.fromEntries(decoded), data: Buffer.from(data ?? '', 'base64') };
}

function toJson({ metadata, data }: Payload): { metadata: Record<string, string>; data: string } {
  const encoded = Object.entries(metadata ?? {}).map(([key, value]) => [key, Buffer.from(value).toString('base64')] as const);
  return { metadata: Object.fromEntries(encoded), data: Buffer.from(data ?? []).toString('base64') };
}
