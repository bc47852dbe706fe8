/** Calls a lead, finds out whether they are one, connects the interested with a person of sales, and writes all of it into the CRM. */
import { proxyActivities } from '@temporalio/workflow';
import { placeCall, type WorkflowCallOutcome } from 'getpatter/workflow';
import type { CrmActivities } from './activities';

export interface Lead {
  id: string;
  phone: string;
  name: string;
  /** People of sales, E.164, in the order in which they are tried. */
  sales: string[];
}

export interface Qualification {
  /** `opted_out`: never to be rung again, by nobody. `callback`: wants to be rung at another time; the summary says when. */
  stage: 'handed over' | 'qualified' | 'lost' | 'callback' | 'opted_out' | 'unreached';
  /** Of the person who took over. */
  salesNumber?: string;
}

const { updateLead } = proxyActivities<CrmActivities>({ taskQueue: 'crm', startToCloseTimeout: '30s' });

export async function qualifyLead({ id, name, phone, sales }: Lead): Promise<Qualification> {
  const call = await placeCall({
    to: phone,
    variables: { name },
    agent: {
      engine: { type: 'openai-realtime' },
      systemPrompt:
        'You call {name}, who asked Acme for an offer. Find out whether they are still interested. If they want to talk to a person, transfer the call.',
      firstMessage: 'Hello {name}, you asked Acme for an offer. Are you still interested?',
    },
    // The person hears who it is and what it is about before they accept with a key; the lead hears music meanwhile.
    transfer: { to: sales, mode: 'warm', whisper: 'A lead: {name}.' },
    postCall: {
      summary: true,
      extract: { type: 'object', properties: { interested: { type: 'boolean' } }, required: ['interested'] },
    },
  });
  const stage = stageOf(call);
  await updateLead({ id, stage, summary: call.summary, costUsd: call.costUsd, callId: call.callId });
  return { stage, ...(call.transferredTo !== null && { salesNumber: call.transferredTo }) };
}

/** The CRM decides by it whether sales rings them: who said stop must not look like somebody who was not at home. */
function stageOf(call: WorkflowCallOutcome): Qualification['stage'] {
  switch (call.outcome) {
    case 'transferred':
      return 'handed over';
    case 'completed':
      return call.extraction?.interested === true ? 'qualified' : 'lost';
    case 'opted_out':
      return 'opted_out';
    case 'callback_requested':
      return 'callback';
    case 'skipped':
      // On the do-not-call list, since an earlier call perhaps.
      return call.reason?.startsWith('suppressed') ? 'opted_out' : 'unreached';
    default:
      return 'unreached';
  }
}
