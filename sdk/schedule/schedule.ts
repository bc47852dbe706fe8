/** What `phone.schedule()` and `phone.schedules.get()` return. */
import type { CountryCode } from 'libphonenumber-js/max';
import { isPatterError } from '../../contracts/errors';
import type { ScheduledWork, ScheduleTimes } from '../../contracts/schedule';
import type { PlaceCallInput, SingleCallSpec } from '../../contracts/single-call';
import { checkedCall } from '../../control/calls/place-call';
import { deleteSchedule, makeSchedule, scheduleInfo, setSchedulePaused } from '../../control/schedules/schedules';
import type { Agent } from '../agent/agent';
import type { WorkDesk } from '../backend';
import { resolveCampaign, withOptOut } from '../campaign/options';
import { placeOf, type WorkPlace } from '../campaign/work-place';
import { PatterValidationError } from '../errors';
import type { ResolvedCallOptions } from '../options/call';
import { checkPlaceholders, resolveCall, withServed } from '../options/resolve-call';
import type { ResolvedServeOptions } from '../options/serve';
import { checkName, keptContacts } from './kept-contacts';
import type { ResolvedSchedule, ScheduledCall, ScheduledCampaign } from './options';

/** How a schedule stands. */
export interface ScheduleInfo {
  /** As in its options. */
  readonly id: string;
  /** When it fires. */
  readonly times: ScheduleTimes;
  /** What a firing is. */
  readonly kind: 'call' | 'campaign';
  /** Whether it fires. */
  readonly paused: boolean;
  /** Why it is paused. */
  readonly note: string | undefined;
  /** The next times, ISO 8601 in UTC; empty when there are none any more. */
  readonly next: readonly string[];
  /** When it last fired. */
  readonly last: string | undefined;
}

/** A schedule that was made somewhere. */
export interface ScheduleHandle {
  /** As in its options. */
  readonly id: string;
  /** How it stands now. @throws PatterError PATTER_SCHEDULE_NOT_FOUND, as `pause` and `resume` */
  info(): Promise<ScheduleInfo>;
  /** What has begun goes on. What was due meanwhile is left out. */
  pause(note?: string): Promise<void>;
  /** Fires again, from the next time on. */
  resume(): Promise<void>;
  /** For good. What has begun goes on. Success too when it is gone. */
  delete(): Promise<void>;
}

export class KnownSchedule implements ScheduleHandle {
  constructor(
    readonly id: string,
    private readonly desk: WorkDesk,
  ) {}

  async info(): Promise<ScheduleInfo> {
    const { scheduleId: id, ...info } = await scheduleInfo(await this.desk.context(), this.id);
    return { id, ...info };
  }

  async pause(note?: string): Promise<void> {
    await setSchedulePaused(await this.desk.context(), this.id, true, { note });
  }

  async resume(): Promise<void> {
    await setSchedulePaused(await this.desk.context(), this.id, false);
  }

  async delete(): Promise<void> {
    await deleteSchedule(await this.desk.context(), this.id);
  }
}

/** Who talks in a call that brings no agent. */
export interface KnownAgents {
  /** What `serve()` was called with. */
  readonly serving: ResolvedServeOptions | undefined;
  /** @throws PatterValidationError */
  named(agentId: string | undefined): Agent | undefined;
}

export async function createSchedule(options: ResolvedSchedule, desk: WorkDesk, known: KnownAgents): Promise<ScheduleHandle> {
  const { graceMs, id, times } = options;
  const { place, work } =
    options.work.kind === 'call'
      ? await scheduledCall(options, options.work.call, desk, known)
      : await scheduledCampaign(options, options.work.campaign, desk);
  try {
    await makeSchedule(place.ctx, { scheduleId: id, definition: { times, work, graceMs }, taskQueue: place.ctx.config.PATTER_TASK_QUEUE });
  } catch (error) {
    if (!isPatterError(error, 'PATTER_REQUEST_INVALID')) throw error;
    throw new PatterValidationError(String(error.details.option ?? times.kind), error.message, { cause: error });
  }
  return new KnownSchedule(id, desk);
}

interface Prepared {
  place: WorkPlace;
  work: ScheduledWork;
}

/**
 * As `call()` resolves it.
 * @throws PatterValidationError, PatterTypeError
 */
export function resolveScheduledCall(
  options: ScheduledCall,
  desk: Pick<WorkDesk, 'phoneNumber'>,
  { named, serving }: KnownAgents,
): { call: ResolvedCallOptions & { from: string }; agent: Agent } {
  const call = withServed(resolveCall(options, { mode: 'local', phoneNumber: desk.phoneNumber }), serving);
  if (call.onMessage !== undefined) {
    throw new PatterValidationError(
      'call.onMessage',
      'A scheduled call may be made when this function is long gone: give onMessage to serve(), whose agent then makes the call, or give the agent an llm.',
    );
  }
  const agent = call.agent ?? named(call.agentId) ?? serving?.agent;
  if (!agent) throw new PatterValidationError('call.agent', 'A scheduled call needs an agent: give it one, or serve() one first.');
  const { from } = call;
  if (from === undefined) throw new PatterValidationError('call.fromNumber', 'A scheduled call needs a number to call from.');
  checkPlaceholders(agent, call);
  return { call: { ...call, from }, agent };
}

async function scheduledCall(
  { id, runBy }: ResolvedSchedule,
  options: ScheduledCall,
  desk: WorkDesk,
  known: KnownAgents,
): Promise<Prepared> {
  const { agent, call } = resolveScheduledCall(options, desk, known);
  const place = await placeOf(desk, runBy, { agent, callbacks: call.callbacks, key: `schedule/${id}` });
  const { idempotencyKey: _, ...request } = checkedRequest({
    to: call.to,
    from: call.from,
    carrier: desk.carrier,
    agent: call.firstMessage === undefined ? place.agent : { ...place.agent, firstMessage: call.firstMessage },
    variables: call.variables,
    customParams: call.customParams,
    machineDetection: call.machineDetection,
    voicemailMessage: call.voicemailMessage,
    ringTimeoutMs: call.ringTimeoutMs,
    ...(call.recording ? { recording: {} } : {}),
    ...(call.transfer && { transfer: call.transfer }),
  });
  return { place, work: { kind: 'call', request } };
}

/** Now, for at the time of a firing nobody is there who could mend it. */
function checkedRequest(request: PlaceCallInput): SingleCallSpec {
  try {
    return checkedCall(request);
  } catch (error) {
    if (!isPatterError(error, 'PATTER_REQUEST_INVALID')) throw error;
    throw new PatterValidationError('call', error.message, { cause: error, details: error.details });
  }
}

async function scheduledCampaign({ id, runBy }: ResolvedSchedule, options: ScheduledCampaign, desk: WorkDesk): Promise<Prepared> {
  const { agent, callbacks, contacts, region, spec } = resolveCampaign(options, desk);
  checkName(spec.name);
  const kept = await keptContacts(contacts, region as CountryCode | undefined);
  const place = await placeOf(desk, runBy, { agent, callbacks, key: `schedule/${id}` });
  const work: ScheduledWork = {
    kind: 'campaign',
    spec: { ...spec, agent: withOptOut(place.agent) },
    contacts: kept,
    ...(region && { region }),
  };
  return { place, work };
}
