/** A durable tool's webhook, asked on behalf of the call's workflow. */
import { Context } from '@temporalio/activity';
import type { DurableToolActivities } from '../../contracts/durable-tool';
import type { GuardedFetch } from '../../runtime/guarded-fetch';
import { callWebhookTool } from '../../runtime/webhook-tool';
import { loadCall } from '../call/load-call';
import type { ActivityContext } from '../context';

/** A third of the heartbeat's time-out in workflows/call/activities.ts. */
const BEAT_MS = 1_000;

export function createRunWebhookTool(ctx: ActivityContext, fetch: Pick<GuardedFetch, 'send'>): DurableToolActivities['runWebhookTool'] {
  return async ({ callId, key, name, arguments: text }) => {
    const { rules } = await loadCall(ctx, callId);
    const { setup } = rules;
    const tool = setup.agent.tools.find((candidate) => candidate.name === name);
    if (tool?.webhookUrl === undefined) return { output: JSON.stringify({ error: `There is no tool named ${name}.` }), ok: false };
    const context = Context.current();
    const { cancellationSignal } = context;
    let cancel = () => {};
    const beat = () => {
      context.heartbeat();
      cancel = ctx.clock.after(BEAT_MS, beat);
    };
    beat();
    try {
      const answer = await callWebhookTool(
        { ...tool, webhookUrl: tool.webhookUrl },
        { toolCallId: key, arguments: JSON.parse(text) as unknown },
        setup,
        { fetch, clock: ctx.clock },
        cancellationSignal,
      );
      // The worker shuts down: what became of the request is not known, and another worker asks again with the same key.
      if (!answer.ok) cancellationSignal.throwIfAborted();
      return answer;
    } finally {
      cancel();
    }
  };
}
