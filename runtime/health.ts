import type { FastifyInstance, RouteShorthandOptions } from 'fastify';

/** What can be seen of a process from outside. */
export interface Health {
  /** For `/readyz`: empty when all is well, else one sentence per problem. */
  problems(): Promise<string[]>;
  /** For `/metrics`, as Prometheus reads it. */
  metrics(): Promise<{ type: string; text: string }>;
}

/** It lives; it takes work, or 503 with the problems; its figures. */
export const HEALTH_PATHS = ['/healthz', '/readyz', '/metrics'] as const;
export type HealthPath = (typeof HEALTH_PATHS)[number];

export interface HealthAnswer {
  status: number;
  type: string;
  body: string;
}

export async function healthAnswer(path: HealthPath, health: Health): Promise<HealthAnswer> {
  switch (path) {
    case '/healthz':
      return json(200, { ok: true });
    case '/readyz': {
      const problems = await health.problems();
      return json(problems.length === 0 ? 200 : 503, { ok: problems.length === 0, problems });
    }
    case '/metrics': {
      const { type, text } = await health.metrics();
      return { status: 200, type, body: text };
    }
    default:
      return path satisfies never;
  }
}

/** @param probes options of the routes that tell nothing but whether the process is well */
export function registerHealth(app: FastifyInstance, health: Health, probes: RouteShorthandOptions = {}): void {
  for (const path of HEALTH_PATHS) {
    app.get(path, path === '/metrics' ? {} : probes, async (_request, reply) => {
      const { status, type, body } = await healthAnswer(path, health);
      return reply.code(status).type(type).send(body);
    });
  }
}

function json(status: number, body: object): HealthAnswer {
  return { status, type: 'application/json; charset=utf-8', body: JSON.stringify(body) };
}
