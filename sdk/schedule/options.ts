/** Options of `phone.schedule()`. */
import { parseDurationMs } from '../../contracts/duration';
import type { ScheduleTimes } from '../../contracts/schedule';
import { timezoneName } from '../../policy/timezone';
import type { CampaignOptions } from '../campaign/options';
import type { RunBy } from '../campaign/work-place';
import { RUN_BY } from '../campaign/work-place';
import { PatterValidationError } from '../errors';
import type { CallOptions } from '../options/call';
import { checkId, checkNames, checkOneOf, checkText, shown } from '../options/check';

/** Options of `call()`; the firing's own key makes it one call. */
export type ScheduledCall = Omit<CallOptions, 'idempotencyKey' | 'onMessage'>;
/** Contacts are read when the schedule is made, and kept: 10,000 at most. */
export type ScheduledCampaign = Omit<CampaignOptions, 'runBy'>;

/** Options of `phone.schedule()`: one of `at`, `cron` and `every`; one of `call` and `campaign`. */
export interface ScheduleOptions {
  /** Its name: made again with the same id, it is changed. 1 to 64 letters, digits, `_`, `.` or `-`. */
  id: string;
  /** Once: a date, or ISO 8601 with offset. One of `at`, `cron` and `every`. */
  at?: Date | string;
  /** Five fields, as in `30 9 * * MON-FRI`. */
  cron?: string;
  /** Where the clock of `cron` hangs, as Europe/Berlin. @default 'UTC' */
  timezone?: string;
  /** Milliseconds, or as in `15m`, `2h`, `1d`; one second at least. */
  every?: number | string;
  /** One of `call` and `campaign`. */
  call?: ScheduledCall;
  /** Each firing is a campaign of its own: `<name>-<time>`. */
  campaign?: ScheduledCampaign;
  /** A firing that could not be carried out for longer is left out: nobody is called at night for it. As `every`. @default '1h' */
  grace?: number | string;
  /** Local mode only. @default 'workers' where they can and are there, else 'app' */
  runBy?: RunBy;
}

/** Checked, but for what is scheduled. */
export interface ResolvedSchedule {
  readonly id: string;
  readonly times: ScheduleTimes;
  readonly graceMs: number;
  readonly runBy: RunBy | undefined;
  readonly work:
    | { readonly kind: 'call'; readonly call: ScheduledCall }
    | { readonly kind: 'campaign'; readonly campaign: ScheduledCampaign };
}

const NAMES = [
  ...(['id', 'at', 'cron', 'timezone', 'every', 'call', 'campaign', 'grace', 'runBy'] as const),
] as const satisfies readonly (keyof ScheduleOptions)[];
const DEFAULT_GRACE_MS = 3_600_000;

/** @throws PatterValidationError, PatterTypeError */
export function resolveSchedule(options: ScheduleOptions): ResolvedSchedule {
  checkNames('schedule()', options, NAMES);
  const { call, campaign } = options;
  const given = [call, campaign].filter((one) => one !== undefined);
  if (given.length !== 1) throw new PatterValidationError('call', 'schedule() needs a call or a campaign: give one of them.');
  return Object.freeze({
    id: checkId('id', options.id),
    times: timesOf(options),
    graceMs: options.grace === undefined ? DEFAULT_GRACE_MS : duration('grace', options.grace),
    runBy: options.runBy === undefined ? undefined : checkOneOf('runBy', options.runBy, RUN_BY),
    work: call ? ({ kind: 'call', call } as const) : ({ kind: 'campaign', campaign: campaign as ScheduledCampaign } as const),
  });
}

function timesOf({ at, cron, every, timezone }: ScheduleOptions): ScheduleTimes {
  const given = Object.entries({ at, cron, every }).filter(([, value]) => value !== undefined);
  if (given.length !== 1) throw new PatterValidationError('at', 'schedule() needs a time: give one of at, cron and every.');
  if (timezone !== undefined && cron === undefined) {
    throw new PatterValidationError('timezone', 'timezone belongs to cron: at has its own offset, and every has none.');
  }
  if (at !== undefined) return { kind: 'at', at: instant(at) };
  if (cron !== undefined) {
    const zone = timezoneName(timezone ?? 'UTC');
    if (!zone) throw new PatterValidationError('timezone', `timezone must be a name such as Europe/Berlin (got ${shown(timezone)}).`);
    if (checkText('cron', cron).trim().split(/\s+/).length !== 5) {
      throw new PatterValidationError('cron', `cron has five fields, as in '30 9 * * MON-FRI' (got ${shown(cron)}).`);
    }
    return { kind: 'cron', cron: cron.trim(), timezone: zone };
  }
  const everyMs = duration('every', every);
  if (everyMs < 1_000) throw new PatterValidationError('every', 'every must be one second at least.');
  return { kind: 'every', everyMs };
}

/** To the second, as schedules have it. */
function instant(at: Date | string): string {
  const time = at instanceof Date ? at.getTime() : /(Z|[+-]\d\d:?\d\d)$/i.test(at) ? Date.parse(at) : Number.NaN;
  if (Number.isNaN(time)) {
    throw new PatterValidationError('at', `at must be a Date, or ISO 8601 with offset as 2026-12-01T09:00:00+01:00 (got ${shown(at)}).`);
  }
  return new Date(Math.ceil(time / 1_000) * 1_000).toISOString();
}

function duration(option: string, value: unknown): number {
  const ms = typeof value === 'string' ? parseDurationMs(value) : value;
  if (typeof ms === 'number' && Number.isFinite(ms) && ms > 0) return Math.round(ms);
  throw new PatterValidationError(
    option,
    `${option} must be milliseconds, or a duration such as '15m', '2h' or '1d' (got ${shown(value)}).`,
  );
}
