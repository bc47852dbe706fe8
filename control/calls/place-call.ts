/** One call, outside any campaign: written down first, then started, so that it can be asked for again after a kill at any moment. */
import { createHash, randomBytes } from 'node:crypto';
import type { z } from 'zod';
import { callIdFor } from '../../contracts/call-id';
import { type CampaignSpec, campaignFileSchema } from '../../contracts/campaign';
import { sleep } from '../../contracts/clock';
import { PatterError } from '../../contracts/errors';
import { DEFAULT_TENANT } from '../../contracts/ids';
import { CARRIER_RING_MS, type PlaceCallInput, placeCallSchema, type SingleCallSpec } from '../../contracts/single-call';
import { variableName } from '../../policy/template';
import { unfilledIn } from '../../policy/texts';
import { PhoneTimezones } from '../../policy/timezone';
import { startCallWorkflow } from '../../runtime/start-call-workflow';
import { callOf } from '../../store/call-of';
import type { NewSingleCall, SingleCallRows } from '../../store/store';
import { forbiddenUrls } from '../campaigns/forbidden-urls';
import { rehearsalOffsetMs } from '../campaigns/rehearsal';
import type { ControlContext } from '../context';
import { ensureLineSweep } from '../lines/line-sweep';

export type PlaceCallRequest = PlaceCallInput & { tenantId?: string };

export interface PlacedCall {
  callId: string;
  /** The key's call was there already; nothing was placed now. */
  existing: boolean;
  /** What the caller should know, as sentences. */
  notes: string[];
}

const START_WITHIN_MS = 10_000;
const START_TRY_MS = 3_000;
const START_AGAIN_MS = 250;

/**
 * Places a call, or finds the one of that `idempotencyKey`. May be killed between any two of its steps and repeated with the same key: the ids follow
 * from the key, the rows are written once, and the workflow is started last, under an id of which there is one.
 *
 * No answer, busy, a number that does not exist: outcomes, which `getCall` and `watchCall` tell. Nothing of the like is thrown here.
 * @throws PatterError PATTER_REQUEST_INVALID, PATTER_IDEMPOTENCY_CONFLICT; PATTER_TEMPORAL_UNAVAILABLE, PATTER_POSTGRES_UNAVAILABLE: then nobody is
 *   called, or, with a key, it is repeated with the same one
 */
export async function placeCall(ctx: ControlContext, request: PlaceCallRequest): Promise<PlacedCall> {
  const { existing, over, rows, ...placed } = await prepareCall(ctx, request);
  if (!over) await start(ctx, rows, request.idempotencyKey !== undefined);
  return { ...placed, existing };
}

export interface PreparedCall extends PlacedCall {
  /** An earlier call of that key has its outcome. */
  over: boolean;
  rows: SingleCallRows;
}

/**
 * All of `placeCall` but the start of the workflow, for whoever starts it in another way: under `callWorkflowId(callId)`, within seconds. The sweep starts
 * what nobody has started.
 * @throws PatterError PATTER_REQUEST_INVALID, PATTER_IDEMPOTENCY_CONFLICT, PATTER_POSTGRES_UNAVAILABLE
 */
export async function prepareCall(ctx: ControlContext, request: PlaceCallRequest): Promise<PreparedCall> {
  const { tenantId = DEFAULT_TENANT, ...asked } = request;
  const spec = checkedCall(asked);
  const row = rowsFor(ctx, tenantId, spec);
  const { created, ...rows } = await ctx.store.singles.create(row);
  if (!created) refuseAnother(rows, spec);
  const over = rows.contact.status === 'done';
  if (created) await ensureLineSweep(ctx);
  return { callId: callIdFor(row.contactId, 1), existing: !created, notes: forbiddenUrls(row.spec, ctx.config), over, rows };
}

/**
 * What may be asked for, with every placeholder of its texts filled: one that is read aloud, or left out, costs a call.
 * @throws PatterError PATTER_REQUEST_INVALID that names every field
 */
export function checkedCall(request: PlaceCallInput): SingleCallSpec {
  const parsed = placeCallSchema.safeParse(request);
  const problems = parsed.success
    ? placeholderProblems(parsed.data)
    : parsed.error.issues.map((issue: z.core.$ZodIssue) => `${issue.path.join('.') || 'request'}: ${issue.message}`);
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new PatterError('PATTER_REQUEST_INVALID', `The call cannot be placed: ${problems.join('; ')}.`, { details: { problems } });
}

function placeholderProblems(call: SingleCallSpec): string[] {
  const { agent, answering, recording, transfer, voicemailMessage } = call;
  const texts = { agent, recording, transfer, dialing: { voicemailMessage, answering } };
  return unfilledIn(texts, [...Object.keys(variablesOf(call)), ...Object.keys(agent.variables)]).map(
    // A single call has no part of that name.
    ({ field, name }) => `${field.replace(/^dialing\./, '')}: {${name}} has no value: give one in variables`,
  );
}

function rowsFor(ctx: ControlContext, tenantId: string, call: SingleCallSpec): NewSingleCall {
  const now = ctx.clock.now();
  const id = call.idempotencyKey === undefined ? randomBytes(16).toString('hex') : digestOf(tenantId, call.idempotencyKey);
  const spec = campaignOf(call, `call-${id}`);
  const { gate } = call;
  return {
    tenantId,
    campaignId: `cmp_${id}`,
    contactId: `ct_${id}`,
    spec,
    phone: call.to,
    variables: variablesOf(call),
    timezones: gate.window ? new PhoneTimezones(new Date(now).getUTCFullYear()).candidates(call.to) : [],
    windowOffsetMs: gate.window ? rehearsalOffsetMs(ctx.config, now) : 0,
    single: {
      gate: { window: gate.window !== undefined, frequency: gate.maxCallsPerDay !== undefined },
      carrierRingTimeout: call.ringTimeoutMs === null,
      customParams: Object.keys(call.customParams),
      metadata: call.metadata,
    },
    now: new Date(now),
  };
}

function digestOf(tenantId: string, key: string): string {
  return createHash('sha256')
    .update(JSON.stringify(['single call', tenantId, key]))
    .digest('hex')
    .slice(0, 32);
}

/** Kept as a campaign of one contact: everything that belongs to a call then works as it is. */
function campaignOf(call: SingleCallSpec, name: string): CampaignSpec {
  const filled = campaignFileSchema.parse({
    name,
    from: [call.from],
    carrier: call.carrier,
    agent: { engine: { type: 'openai-realtime' }, systemPrompt: 'x' },
    retry: { maxAttempts: 1 },
    ...(call.gate.maxCallsPerDay === undefined ? {} : { compliance: { maxCallsPerDay: call.gate.maxCallsPerDay } }),
  });
  const { agent, answering, postCall, recording, transfer, voicemailMessage } = call;
  return {
    ...filled,
    agent,
    postCall,
    ...(recording && { recording }),
    ...(transfer && { transfer }),
    ...(call.gate.window && { window: call.gate.window }),
    dialing: {
      ...filled.dialing,
      voicemailMessage,
      answering,
      machineDetection: call.machineDetection || voicemailMessage !== '',
      ringTimeout: call.ringTimeoutMs ?? CARRIER_RING_MS,
    },
  };
}

/** Under the names that templates know, and the custom ones under their own, too. */
function variablesOf({ customParams, variables }: SingleCallSpec): Record<string, string> {
  const named = Object.entries({ ...customParams, ...variables }).map(([name, value]) => [variableName(name), value] as const);
  return { ...Object.fromEntries(named), ...customParams };
}

/** One key for two calls is a mistake that must not pass for success. */
function refuseAnother({ campaign, contact }: SingleCallRows, { from, idempotencyKey, to }: SingleCallSpec): void {
  if (contact.erasedAt !== null || (contact.phone === to && campaign.spec.from[0] === from)) return;
  throw new PatterError(
    'PATTER_IDEMPOTENCY_CONFLICT',
    'The idempotency key belongs to a call between other numbers. Give each call its own.',
    {
      details: { idempotencyKey },
    },
  );
}

async function start(ctx: ControlContext, rows: SingleCallRows, repeatable: boolean): Promise<void> {
  const giveUpAt = ctx.clock.monotonic() + START_WITHIN_MS;
  for (;;) {
    try {
      const { tenantId, campaignId, contactId } = rows.contact;
      const input = { tenantId, campaignId, contactId, callId: callOf(rows.contact) };
      const withinMs = Math.max(START_TRY_MS, giveUpAt - ctx.clock.monotonic());
      await ctx.temporal.withDeadline(Date.now() + withinMs, () => startCallWorkflow(ctx.temporal, ctx.config.PATTER_TASK_QUEUE, input));
      return;
    } catch (cause) {
      if (ctx.clock.monotonic() + START_AGAIN_MS < giveUpAt) {
        await sleep(ctx.clock, START_AGAIN_MS);
        continue;
      }
      // Whoever asks without a key cannot ask again for the same call: it is taken back, also from a start whose answer was lost.
      const gone =
        !repeatable && (await ctx.store.singles.withdraw(rows.contact.contactId, 'Temporal was away', new Date(ctx.clock.now())));
      if (!repeatable && !gone) return;
      throw new PatterError(
        'PATTER_TEMPORAL_UNAVAILABLE',
        repeatable
          ? 'Temporal does not answer. Repeat the request with the same idempotency key.'
          : 'Temporal does not answer; nobody is called.',
        { cause },
      );
    }
  }
}
