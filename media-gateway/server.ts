/** The HTTP side: form bodies as Twilio sends them, errors by their codes, health. */
import { parse } from 'node:querystring';
import fastify, { type FastifyInstance } from 'fastify';
import { type ErrorCode, isPatterError } from '../contracts/errors';
import { registerHealth } from '../runtime/health';
import { registerCommands } from './commands';
import type { GatewayContext } from './gateway-context';
import { registerHoldMusic } from './hold-music-route';
import { registerWebhooks } from './webhooks';

/** A callback has a few hundred bytes, a command a few thousand. */
const BODY_LIMIT_BYTES = 64 * 1024;
const MAX_FORM_FIELDS = 200;

const HTTP_STATUS: Partial<Record<ErrorCode, number>> = {
  PATTER_WEBHOOK_SIGNATURE: 403,
  PATTER_CREDENTIAL_MISSING: 503,
  PATTER_CALL_NOT_FOUND: 404,
  PATTER_CALL_ENDED: 404,
  PATTER_UNAUTHORIZED: 401,
  PATTER_STREAM_PROTOCOL: 400,
};

/** Routes of whoever embeds the gateway. What it registers answers on the public address: it guards itself. */
export type ExtendServer = (app: FastifyInstance) => void;

/** @param problems one sentence each; none means ready */
export function createServer(gateway: GatewayContext, problems: () => Promise<string[]>, extend: ExtendServer = () => {}): FastifyInstance {
  const app = fastify({ logger: false, bodyLimit: BODY_LIMIT_BYTES, requestTimeout: 20_000, forceCloseConnections: true });
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, parse(String(body), '&', '=', { maxKeys: MAX_FORM_FIELDS }));
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    if (isPatterError(error)) {
      gateway.log.warn({ code: error.code, reason: error.message, path: request.url }, 'request refused');
      return reply.code(HTTP_STATUS[error.code] ?? 500).send({ code: error.code, message: error.message });
    }
    const status = error.statusCode ?? 500;
    if (status < 500) {
      const code: ErrorCode = 'PATTER_REQUEST_INVALID';
      gateway.log.warn({ code, reason: error.message, path: request.url }, 'request refused');
      return reply.code(status).send({ code, message: error.message });
    }
    gateway.log.error({ err: error, path: request.url }, 'request failed');
    return reply.code(status).send({ message: 'internal error' });
  });
  registerHealth(app, { problems, metrics: () => gateway.metrics.read() });
  registerWebhooks(app, gateway);
  registerCommands(app, gateway);
  registerHoldMusic(app);
  extend(app);
  return app;
}
