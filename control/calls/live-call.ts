/** What a running call's workflow, and the conversation that it has a gateway hold, know at this moment. */
import { WorkflowNotFoundError } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow';
import { type Checkpoint, conversationActivityId, type LiveCall, liveCallQuery, type TranscriptTurn } from '../../contracts/call';
import { callWorkflowId } from '../../contracts/call-id';
import type { ControlContext } from '../context';

const REQUEST_DEADLINE_MS = 5_000;

export interface LiveFacts {
  /** Undefined while no worker answers for the workflow. */
  call: LiveCall | undefined;
  turns: TranscriptTurn[];
}

/** Asks one call again and again: its workflow only when something has happened in it. */
export class LiveCallReader {
  private historyLength = -1;
  private call: LiveCall | undefined;

  constructor(
    private readonly ctx: ControlContext,
    private readonly callId: string,
  ) {}

  /** Never rejects: what cannot be asked is not known. Undefined when the workflow does not run. */
  async read(): Promise<LiveFacts | undefined> {
    try {
      return await this.look();
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      this.ctx.log.debug({ callId: this.callId, err: error }, 'a running call could not be looked at');
      return this.call && { call: this.call, turns: this.call.turns };
    }
  }

  private async look(): Promise<LiveFacts | undefined> {
    const { temporal } = this.ctx;
    const handle = temporal.workflow.getHandle(callWorkflowId(this.callId));
    const description = await this.within(() => handle.describe());
    if (description.status.name !== 'RUNNING') return undefined;
    if (description.historyLength !== this.historyLength || !this.call) {
      try {
        this.call = await this.within(() => handle.query(liveCallQuery));
        this.historyLength = description.historyLength;
      } catch (error) {
        this.ctx.log.debug({ callId: this.callId, err: error }, 'the workflow of a call does not answer');
      }
    }
    const { call } = this;
    if (!call) return { call: undefined, turns: [] };
    const activityId = conversationActivityId(call.attachment);
    const pending = description.raw.pendingActivities?.find((activity) => activity.activityId === activityId);
    const payloads = call.talking ? pending?.heartbeatDetails?.payloads : undefined;
    if (!payloads?.length) return { call, turns: call.turns };
    const [checkpoint] = await decodeArrayFromPayloads(temporal.options.loadedDataConverter, payloads);
    return { call, turns: joined(call, checkpoint as Checkpoint) };
  }

  private within<T>(work: () => Promise<T>): Promise<T> {
    return this.ctx.temporal.withDeadline(Date.now() + REQUEST_DEADLINE_MS, work);
  }
}

/** As the workflow itself would join them, should the gateway die now. */
function joined({ sealedTurns, turns }: LiveCall, checkpoint: Checkpoint): TranscriptTurn[] {
  const rest = checkpoint.turns.slice(Math.max(0, sealedTurns - checkpoint.sealedTurns));
  const last = rest.at(-1);
  // What the agent is just saying looks like something that was cut off.
  if (last?.role === 'assistant' && last.interrupted) rest.pop();
  return [...turns, ...rest];
}
