/** The phases of a call, as moments that can be waited for: told by the lab's ledger, the store and the tool. */
import type { CallEntry } from '../../lab/ledger';
import type { RealtimeEntry } from '../../lab/openai/ledger-entry';
import { until } from './until';
import { type ChaosWorld, DESK } from './world';

export const PHASES = [
  'intent committed, request not sent',
  'request sent, not answered',
  'ringing',
  'about to be answered',
  'disclosure',
  'talking',
  'tool call',
  'transfer ringing',
  'transferred',
  'voicemail drop',
  'opt-out',
  'post-call',
] as const;
export type Phase = (typeof PHASES)[number];

const WITHIN_MS = 45_000;

/** Resolves at the moment. The first two need preparation: see `prepare`. */
export async function moment(world: ChaosWorld, phase: Phase, phone: string): Promise<void> {
  const watch = (what: string, is: (call: CallEntry) => boolean) =>
    until(async () => (await world.calls(phone)).some(is), { withinMs: WITHIN_MS, what: `${phone}: ${what}` });
  const heard = (call: CallEntry) => call.heard.map((segment) => segment.text).join('');
  switch (phase) {
    case 'intent committed, request not sent':
      await until(
        async () => (await world.sql('select 1 from pg_stat_activity where query = $1 and state = $2', ['commit', 'active'])).length > 0,
        {
          withinMs: WITHIN_MS,
          what: 'an intent that is being committed',
        },
      );
      return;
    case 'request sent, not answered':
      await watch('dialled', () => true);
      return;
    case 'ringing':
      await watch('ringing', (call) => call.rings.length > 0);
      return;
    case 'about to be answered':
      await watch('ringing', (call) => call.rings.length > 0);
      // What is said at the answer is being prepared: the workflow has given the gateway all that it knows.
      await until(async () => ((await world.ledger()).notes.realtime as RealtimeEntry[] | undefined)?.some(({ closedAt }) => !closedAt), {
        withinMs: WITHIN_MS,
        what: `${phone}: a session for its answer`,
      });
      return;
    case 'disclosure':
      await watch('the disclosure being heard', (call) => heard(call).length >= 10);
      return;
    case 'talking':
      await watch('in the middle of the answer', (call) => heard(call).includes('behind the station'));
      return;
    case 'tool call': {
      const before = world.tool.requests.length;
      await until(() => world.tool.requests.length > before, { withinMs: WITHIN_MS, what: 'a tool call' });
      return;
    }
    case 'transfer ringing':
      await until(
        async () =>
          (await world.calls(DESK)).some((call) => call.rings.length > 0 && call.answeredAt === undefined && call.endedAt === undefined),
        {
          withinMs: WITHIN_MS,
          what: 'the desk is ringing',
        },
      );
      return;
    case 'transferred':
      await until(async () => (await world.calls(DESK)).some((call) => call.answeredAt !== undefined && call.endedAt === undefined), {
        withinMs: WITHIN_MS,
        what: 'the desk has answered',
      });
      return;
    case 'voicemail drop':
      await watch('the message being left', (call) => heard(call).includes('call us back'));
      return;
    case 'opt-out':
      await until(
        async () => {
          const sessions = ((await world.ledger()).notes.realtime ?? []) as RealtimeEntry[];
          return sessions.some((session) => session.closedAt === undefined && session.toolCalls.some((call) => call.name === 'opt_out'));
        },
        { withinMs: WITHIN_MS, what: 'the model calls opt_out' },
      );
      return;
    case 'post-call':
      await until(
        async () =>
          (await world.sql("select 1 from attempts where to_number = $1 and state = 'ended' and not post_call_done", [phone])).length > 0,
        { withinMs: WITHIN_MS, what: 'an ended call whose post-call work is open' },
      );
      return;
    default:
      phase satisfies never;
  }
}

/** What widens the moment so that it can be hit. */
export async function prepare(world: ChaosWorld, phase: Phase, phone: string): Promise<void> {
  switch (phase) {
    case 'intent committed, request not sent':
      // The commit takes a second, and is carried out although whoever asked for it is dead by then.
      await world.sql(
        `create or replace function chaos_slow_commit() returns trigger language plpgsql as $$ begin perform pg_sleep(1.5); return null; end $$`,
      );
      await world.sql(
        `create constraint trigger chaos_slow_commit after insert on leases deferrable initially deferred for each row when (new.phone = '${phone}') execute function chaos_slow_commit()`,
      );
      return;
    case 'request sent, not answered':
      await world.addFaults([{ kind: 'create_hang', to: phone, count: 1 }]);
      return;
    case 'tool call':
      world.tool.thinkMs = 1_500;
      return;
    case 'post-call':
      // Refused twice: the second delivery is a second later, the third three more.
      await world.addFaults([{ kind: 'webhook_fail', event: 'crm', count: 2, status: 503 }]);
      return;
    default:
  }
}

export async function tidy(world: ChaosWorld, phase: Phase): Promise<void> {
  if (phase === 'tool call') world.tool.thinkMs = 0;
  if (phase === 'intent committed, request not sent') await world.sql('drop trigger if exists chaos_slow_commit on leases');
}
