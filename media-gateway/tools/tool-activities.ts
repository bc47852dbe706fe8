/** For a worker in the developer's process, on the task queue of its app: durable tools whose function lives here. */
import { Context } from '@temporalio/activity';
import { type Clock, systemClock } from '../../contracts/clock';
import type { AppToolActivities } from '../../contracts/durable-tool';
import type { Logger } from '../../runtime/log';
import type { AgentCode } from '../agent-code';
import { callHandlerTool } from './handler-tool';

/** A third of the heartbeat's time-out in workflows/call/activities.ts. */
const BEAT_MS = 1_000;

/** @param codeOf by `AgentSpec.code`; undefined where this process does not know the agent (yet): another process of the app is asked then */
export function createAppToolActivities(
  codeOf: (code: string) => AgentCode | undefined,
  { clock = systemClock, log }: { clock?: Clock; log: Logger },
): AppToolActivities {
  return {
    async runTool({ key, name, arguments: text, callId, code, timeoutMs, caller, callee, direction, variables, history }) {
      const agent = codeOf(code);
      if (!agent) throw new Error(`This process has no agent ${code}.`);
      const handler = agent.tools?.[name];
      if (!handler) {
        log.error({ callId, tool: name, code }, 'this process has no function for the tool');
        return { output: JSON.stringify({ error: `The tool ${name} is not available.` }), ok: false };
      }
      const context = Context.current();
      let cancel = () => {};
      const beat = () => {
        context.heartbeat();
        cancel = clock.after(BEAT_MS, beat);
      };
      beat();
      try {
        const call = { callId, caller, callee, direction, variables, history, toolCallId: key };
        const args = JSON.parse(text) as Record<string, unknown>;
        const answer = await callHandlerTool({ name, timeoutMs }, handler, args, call, clock, context.cancellationSignal);
        // The process shuts down: what became of the call is not known, and it is tried again with the same id.
        if (!answer.ok) context.cancellationSignal.throwIfAborted();
        return answer;
      } finally {
        cancel();
      }
    },
  };
}
