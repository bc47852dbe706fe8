/** Who carries something out that may outlive this process: this program, or the workers of a deployment. */
import type { AgentSpec } from '../../contracts/agent';
import type { ControlContext } from '../../control/context';
import type { Agent } from '../agent/agent';
import type { WorkDesk } from '../backend';
import { PatterValidationError } from '../errors';
import type { Callbacks } from '../options/callbacks';

/**
 * `app`: this program, or its next run; what is due while none runs waits for it.
 * `workers`: `patter worker` and `patter gateway` of the same Temporal and Postgres, whatever becomes of this program.
 */
export type RunBy = 'app' | 'workers';
export const RUN_BY = ['app', 'workers'] as const satisfies readonly RunBy[];

export interface WorkPlace {
  readonly by: RunBy;
  /** With the task queue of whoever carries it out. */
  readonly ctx: ControlContext;
  readonly agent: AgentSpec;
}

/**
 * @param asked undefined: `workers` where the agent has nothing that only this program has, and a gateway of a deployment lives; else `app`
 * @throws PatterValidationError when the workers are asked for what only this program can do
 */
export async function placeOf(
  desk: WorkDesk,
  asked: RunBy | undefined,
  { agent, callbacks, key }: { agent: Agent; callbacks: Readonly<Callbacks>; key: string },
): Promise<WorkPlace> {
  const { compiled, needsApp } = desk.register(agent, callbacks, key);
  if (asked === 'workers' && needsApp) {
    throw new PatterValidationError(
      'runBy',
      "runBy 'workers' is for agents that are all in their options: this one has functions (tools, checks, hooks, callbacks) or keys of its own, which only this program has. Leave runBy out, or give the tools a webhookUrl.",
    );
  }
  const by = asked ?? (needsApp ? 'app' : await whoIsThere(desk));
  if (by === 'app') return { by, ctx: await desk.start(), agent: compiled.spec };
  const { code: _, ...agentSpec } = compiled.spec;
  const ctx = await desk.context();
  return { by, ctx: { ...ctx, config: { ...ctx.config, PATTER_TASK_QUEUE: desk.sharedTaskQueue } }, agent: agentSpec };
}

async function whoIsThere(desk: WorkDesk): Promise<RunBy> {
  const { clock, store } = await desk.context();
  return (await store.gateways.live(new Date(clock.now()))).length > 0 ? 'workers' : 'app';
}
