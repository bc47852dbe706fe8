/** The tools for single calls. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { isCallId } from '../../contracts/call-id';
import { e164 } from '../../contracts/campaign';
import { CARRIERS } from '../../contracts/carrier';
import { sleep } from '../../contracts/clock';
import { PatterError } from '../../contracts/errors';
import type { CallSnapshot } from '../../control/calls/snapshot';
import type { McpContext } from './context';
import { defineTool, PREVIEW_TEXT } from './tool';

const LOOK_MS = 500;
/** Clients give up on a tool after a minute. */
const MOST_WAIT_SECONDS = 50;
const MINUTE_MS = 60_000;

const callId = z.string().refine(isCallId, 'a call id looks like call_<32 hex digits>_1').describe('As make_call or list_calls gave it');

const makeCall = defineTool({
  name: 'make_call',
  title: 'Call a phone number',
  description: `Lets an AI agent call a phone number and talk. A real phone rings, and it costs money. ${PREVIEW_TEXT} The answer has the call's id: follow it with get_call.`,
  input: {
    to: e164.describe('Number to call, E.164: +12125550100'),
    goal: z
      .string()
      .min(1)
      .max(20_000)
      .optional()
      .describe('Who the agent is, what it calls about and when it is done. Without it: the agent that the number has'),
    firstMessage: z.string().max(4_000).optional().describe('Spoken first'),
    from: e164.optional().describe('One of your numbers; default: the one of this server or of its API key'),
    carrier: z.enum(CARRIERS).optional(),
    language: z.string().max(20).optional().describe('BCP 47, default en'),
    variables: z.record(z.string(), z.string()).optional().describe('Values for {name} in goal and firstMessage'),
    voicemailMessage: z.string().max(4_000).optional().describe('Left on an answering machine'),
    maxMinutes: z.number().min(0.5).max(60).default(10).describe('The call ends then at the latest'),
    idempotencyKey: z.string().min(1).max(256).optional().describe('The same key is the same call, however often it is asked for'),
    confirm: z.boolean().default(false).describe('true: place the call that was shown before'),
  },
  async run(ctx, { confirm, ...call }) {
    const { carrier, firstMessage, goal, idempotencyKey, language, maxMinutes, to, variables, voicemailMessage = '' } = call;
    const from = call.from ?? ctx.from;
    if (carrier && !(from && goal))
      throw new PatterError('PATTER_REQUEST_INVALID', 'With a carrier, name the number that calls (from) and the goal.');
    ctx.allowed?.require([to]);
    const shown = ['make_call', call];
    const preview = ctx.previews.confirmed(shown);
    if (!ctx.allowed && !(confirm && preview)) {
      ctx.previews.show(shown);
      return { placed: false, preview: { ...call, from: from ?? 'the number of the API key' }, next: NOT_YET };
    }
    const agent =
      goal === undefined
        ? undefined
        : { engine: { type: 'openai-realtime' }, systemPrompt: goal, firstMessage, language, maxDurationMs: maxMinutes * MINUTE_MS };
    const placed = await ctx.rest.request<{ callId: string; existing: boolean; notes?: string[] }>(
      'POST',
      carrier ? '/api/calls' : '/v1/calls',
      {
        ...{ to, from, carrier, agent, variables, voicemailMessage },
        ...(goal === undefined && { firstMessage }),
        machineDetection: voicemailMessage !== '',
        // Of a call that was shown: should the answer get lost, the repetition is the same call.
        idempotencyKey: idempotencyKey ?? preview?.idempotencyKey ?? `mcp-${randomUUID()}`,
      },
    );
    ctx.previews.forget(shown);
    return { placed: true, ...placed, next: 'get_call follows it; get_transcript has what was said.' };
  },
});
export const NOT_YET =
  'Nothing has happened yet. Show this to the user, and after their yes ask again with the same arguments and confirm: true.';

const getCall = defineTool({
  name: 'get_call',
  title: 'Look at a call',
  description: `How a call stands: queued, dialing, ringing, in-progress, transferred or ended with an outcome. waitFor lets the answer wait (at most ${MOST_WAIT_SECONDS} s) for the next change or for the end: ask again until it has ended.`,
  readOnly: true,
  input: {
    callId,
    waitFor: z.enum(['now', 'change', 'end']).default('now'),
    timeoutSeconds: z.number().min(1).max(MOST_WAIT_SECONDS).default(MOST_WAIT_SECONDS),
  },
  async run(ctx, { callId: id, timeoutSeconds, waitFor }, { progress, signal }) {
    const until = ctx.clock.monotonic() + timeoutSeconds * 1_000;
    let call = await look(ctx, id, signal);
    const { status, turns } = call;
    const isDone = () =>
      call.status === 'ended' ||
      waitFor === 'now' ||
      (waitFor === 'change' && (call.status !== status || call.turns.length > turns.length));
    while (!isDone() && ctx.clock.monotonic() + LOOK_MS < until && !signal.aborted) {
      await sleep(ctx.clock, LOOK_MS, signal);
      const before = call.status;
      call = await look(ctx, id, signal);
      // The end is told by the answer.
      if (call.status !== before && call.status !== 'ended') await progress(call.status);
    }
    return summaryOf(call);
  },
});

const getTranscript = defineTool({
  name: 'get_transcript',
  title: 'Read what was said in a call',
  description: 'What was said and heard in a call, of one under way too, with its summary when that is written.',
  readOnly: true,
  input: { callId },
  async run(ctx, { callId: id }, { signal }) {
    const call = await look(ctx, id, signal);
    return {
      ...{ callId: id, status: call.status, outcome: call.outcome, summary: call.summary, extraction: call.extraction },
      transcript: call.turns.map(({ at, interrupted, role, text }) => ({
        speaker: role === 'assistant' ? 'agent' : 'person',
        ...{ text, at: new Date(at).toISOString() },
        ...(interrupted && { interrupted }),
      })),
    };
  },
});

const hangUp = defineTool({
  name: 'hang_up',
  title: 'End a call',
  description: 'Ends a call under way, after last words if there are any. A call that has ended already is an error that says so.',
  input: { callId, say: z.string().min(1).max(4_000).optional().describe('Spoken before the phone is put down') },
  run: (ctx, { callId: id, say }) =>
    ctx.rest.request('POST', `/api/calls/${id}/hangup`, { ...(say !== undefined && { say }), orderId: `mcp-${randomUUID()}` }),
});

const listCalls = defineTool({
  name: 'list_calls',
  title: 'List calls',
  description: 'Calls, newest first, those under way among them.',
  readOnly: true,
  input: {
    limit: z.number().int().min(1).max(100).default(20),
    kind: z
      .enum(['single', 'outbound', 'inbound'])
      .optional()
      .describe('single calls, calls of campaigns, calls that came in; default: all'),
    cursor: z.string().optional().describe('`next` of the page before'),
  },
  async run(ctx, query, { signal }) {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]));
    const page = await ctx.rest.request<{ calls: CallSnapshot[]; next?: string }>('GET', `/api/calls?${search}`, undefined, signal);
    return { calls: page.calls.map(summaryOf), ...(page.next !== undefined && { next: page.next }) };
  },
});

function look(ctx: McpContext, id: string, signal: AbortSignal): Promise<CallSnapshot> {
  return ctx.rest.request<CallSnapshot>('GET', `/api/calls/${id}`, undefined, signal);
}

function summaryOf(call: CallSnapshot) {
  const { answeredAt, answeredBy, createdAt, direction, durationMs, endedAt, from, outcome, reason, status, to } = call;
  return {
    ...{ callId: call.callId, status, outcome, reason, direction, from, to, createdAt, answeredAt, endedAt, answeredBy },
    durationSeconds: durationMs === null ? null : durationMs / 1_000,
    ...{
      turns: call.turns.length,
      costUsd: call.costUsd,
      costEstimated: call.costEstimated,
      summary: call.summary,
      campaignId: call.kind === 'outbound' ? call.campaignId : null,
    },
  };
}

export const CALL_TOOLS = [makeCall, getCall, getTranscript, hangUp, listCalls];
