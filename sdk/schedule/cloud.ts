/** Schedules of cloud mode: kept and carried out by the backend. Loaded when one is made or asked for. */
import type { CountryCode } from 'libphonenumber-js/max';
import { isPatterError } from '../../contracts/errors';
import { cloudAgent } from '../agent/cloud-agent';
import type { RemoteDesk } from '../backend';
import { resolveCloudCampaign } from '../campaign/options';
import { PatterValidationError } from '../errors';
import { checkPlaceholders, resolveCall } from '../options/resolve-call';
import { checkName, keptContacts } from './kept-contacts';
import { resolveSchedule, type ScheduledCall, type ScheduledCampaign, type ScheduleOptions } from './options';
import type { ScheduleHandle, ScheduleInfo } from './schedule';

/** Of a backend that is away. All of it may be asked twice. */
const ASK_FOR_MS = 5_000;

/** As the backend has it. */
interface RemoteInfo extends Omit<ScheduleInfo, 'id' | 'note' | 'last'> {
  readonly scheduleId: string;
  readonly note?: string;
  readonly last?: string;
}

/** @throws PatterValidationError, PatterTypeError */
export async function scheduleAt(options: ScheduleOptions, remote: RemoteDesk): Promise<ScheduleHandle> {
  const { graceMs, id, runBy, times, work } = resolveSchedule(options);
  if (runBy !== undefined) {
    throw new PatterValidationError('runBy', 'In cloud mode schedules are carried out by the backend: leave runBy out.');
  }
  const asked = work.kind === 'call' ? { kind: 'call', call: callOf(work.call) } : await campaignOf(work.campaign);
  await ask(remote, 'POST', '/api/schedules', { id, times, graceMs, work: asked });
  return new CloudSchedule(id, remote);
}

export function cloudScheduleOf(remote: RemoteDesk, id: string): ScheduleHandle {
  return new CloudSchedule(id, remote);
}

export async function schedulesAt(remote: RemoteDesk): Promise<ScheduleInfo[]> {
  const { schedules } = await ask<{ schedules: RemoteInfo[] }>(remote, 'GET', '/api/schedules');
  return schedules.map(infoOf);
}

class CloudSchedule implements ScheduleHandle {
  constructor(
    readonly id: string,
    private readonly remote: RemoteDesk,
  ) {}

  async info(): Promise<ScheduleInfo> {
    return infoOf(await ask<RemoteInfo>(this.remote, 'GET', pathOf(this.id)));
  }

  async pause(note?: string): Promise<void> {
    await ask(this.remote, 'POST', `${pathOf(this.id)}/pause`, { note });
  }

  async resume(): Promise<void> {
    await ask(this.remote, 'POST', `${pathOf(this.id)}/resume`, {});
  }

  async delete(): Promise<void> {
    try {
      await ask(this.remote, 'POST', `${pathOf(this.id)}/delete`, {});
    } catch (error) {
      if (!isPatterError(error, 'PATTER_SCHEDULE_NOT_FOUND')) throw error;
    }
  }
}

function ask<Answer>({ rest, signal }: RemoteDesk, method: 'GET' | 'POST', path: string, body?: object): Promise<Answer> {
  return rest.patiently<Answer>(method, path, body, { forMs: ASK_FOR_MS, signal: signal() });
}

function pathOf(id: string): string {
  return `/api/schedules/${encodeURIComponent(id)}`;
}

function infoOf({ scheduleId: id, last, note, ...info }: RemoteInfo): ScheduleInfo {
  return { id, ...info, note, last };
}

function callOf(options: ScheduledCall): object {
  const { agent, agentId, callbacks, onMessage, ...call } = resolveCall(options, { mode: 'cloud', phoneNumber: '' });
  const [callback] = Object.keys({ ...callbacks, ...(onMessage !== undefined && { onMessage }) });
  if (callback !== undefined) {
    throw new PatterValidationError(`call.${callback}`, `In cloud mode ${callback} is given to connect(): leave it out of the call.`);
  }
  if (agentId !== undefined) throw new PatterValidationError('call.agentId', 'In cloud mode give the agent itself, or leave it out.');
  if (agent) checkPlaceholders(agent, { ...call, agent, agentId, callbacks, onMessage });
  const { from, firstMessage, customParams, machineDetection, recording, ringTimeoutMs, to, variables, voicemailMessage } = call;
  return {
    ...{ to, from, firstMessage, voicemailMessage, recording, machineDetection, ringTimeoutMs, variables, customParams },
    ...(agent && { agent: cloudAgent(agent) }),
  };
}

async function campaignOf({ contacts, ...options }: ScheduledCampaign): Promise<object> {
  const { campaign, name, region } = resolveCloudCampaign({ ...options, contacts });
  checkName(name);
  return { kind: 'campaign', campaign, contacts: await keptContacts(contacts, region as CountryCode | undefined), region };
}
