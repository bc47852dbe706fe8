/** `/lab/…`: the ledger, faults, reset, and the user's own endpoints that the product calls (webhooks and agent tools). */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import { faultSchema } from './faults';
import type { ListeningLabServer } from './server';

interface NamedEndpoint {
  Params: { name: string };
  Querystring: { secret?: string };
  Body: Buffer | undefined;
}

export function registerControl(lab: ListeningLabServer, tools: Readonly<Record<string, unknown>>): void {
  lab.app.get('/lab/health', () => ({ ok: true }));
  lab.app.get('/lab/ledger', () => lab.ledger.snapshot());
  // For watching one call closely: the whole ledger is long.
  lab.app.get<{ Querystring: { to: string } }>('/lab/calls', ({ query }) =>
    lab.ledger.snapshot().calls.filter((call) => call.to === query.to),
  );

  lab.app.post('/lab/reset', () => {
    lab.reset();
    return { ok: true };
  });

  lab.app.post('/lab/faults', (request, reply) => {
    const parsed = z.array(faultSchema).safeParse([request.body].flat());
    if (!parsed.success) return reply.code(400).send({ error: z.prettifyError(parsed.error) });
    for (const fault of parsed.data) lab.faults.add(fault);
    return { ok: true };
  });

  // A scope of its own, because a signature is over the bytes and not over what a parser made of them.
  lab.app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.post<NamedEndpoint>('/lab/webhooks/:name', (request, reply) => receiveWebhook(lab, request, reply));
    scope.post<NamedEndpoint>('/lab/tools/:name', (request, reply) => answerTool(lab, tools, request, reply));
  });
}

function receiveWebhook(lab: ListeningLabServer, request: FastifyRequest<NamedEndpoint>, reply: FastifyReply): FastifyReply {
  const { name } = request.params;
  const raw = request.body?.toString('utf8') ?? '';
  const failure = request.query.secret === undefined ? 'no secret was given' : verify(request.query.secret, raw, request.headers);
  const fault = lab.faults.take('webhook_fail', { event: name });
  if (fault) return reply.code(fault.status).send({ error: 'the lab was told to fail here' });
  lab.ledger.webhook({
    name,
    id: String(request.headers['webhook-id'] ?? ''),
    verified: failure === undefined,
    error: failure,
    body: parseJson(raw),
    at: lab.clock.now(),
  });
  return failure === undefined || request.query.secret === undefined
    ? reply.code(200).send({ ok: true })
    : reply.code(401).send({ error: failure });
}

function answerTool(
  lab: ListeningLabServer,
  tools: Readonly<Record<string, unknown>>,
  request: FastifyRequest<NamedEndpoint>,
  reply: FastifyReply,
): FastifyReply {
  const { name } = request.params;
  const raw = request.body?.toString('utf8') ?? '';
  const fault = lab.faults.take('tool_fail', { event: name });
  const status = fault?.status ?? 200;
  lab.ledger.toolCall({ name, at: lab.clock.now(), body: parseJson(raw), headers: request.headers as Record<string, string>, status });
  return reply.code(status).send(fault ? { error: 'the lab was told to fail here' } : (tools[name] ?? { ok: true }));
}

function verify(secret: string, raw: string, headers: FastifyRequest['headers']): string | undefined {
  try {
    new Webhook(secret).verify(raw, headers as Record<string, string>);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function parseJson(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return raw;
  }
}
