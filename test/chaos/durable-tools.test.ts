/** A durable tool is under way when processes die: it is carried out once, and the call's record has its answer. */
import type { ToolCallRecord } from '../../contracts/call';
import { phoneOf } from '../e2e/world';
import type { Victim } from './chaos';
import { moment, prepare, tidy } from './moments';
import { verifyCampaign } from './verify';
import { type ChaosWorld, DISCLOSURE, GREETING, startChaosWorld } from './world';

const full = process.env.PATTER_TEST_MATRIX === 'full';
const ALL: Victim[][] = [['gateway', 'workers'], ['gateway'], ['workers'], ['temporal'], ['everything']];
const CASES = (full ? ALL : ALL.slice(0, 1)).map((victims, index) => ({ victims, phone: phoneOf(index * 3) }));

let world: ChaosWorld;

beforeAll(async () => {
  world = await startChaosWorld({}, { durable: true });
}, 120_000);
afterAll(() => world?.stop(), 60_000);

test.each(CASES.map((one) => [one.victims.join(' and '), one] as const))(
  '%s killed while a durable tool runs: it is carried out once, and its answer is in the record',
  async (_title, { victims, phone }) => {
    await world.chaos.recovered();
    await prepare(world, 'tool call', phone);
    const campaign = await world.start({ name: `durable-${victims.join('-')}` }, [phone]);
    await moment(world, 'tool call', phone);
    await Promise.all(victims.map((victim) => world.chaos.strike(victim, { phone, downMs: 5_000 })));
    await tidy(world, 'tool call');
    await world.chaos.recovered();
    const { report } = await world.end(campaign);

    const calls = await world.calls(phone);
    const [callId] = (report.results[0]?.calls ?? []).map((call) => call.callId);
    const asked = world.tool.requests.filter((request) => request.callId === callId);
    process.stderr.write(
      `durable × ${victims.join(', ')}: ${report.results[0]?.outcome}, asked ${asked.length} times, silence ${calls[0]?.longestSilenceMs} ms\n`,
    );
    expect(await verifyCampaign(world, campaign, report, { onceACall: [DISCLOSURE, GREETING] })).toEqual([]);
    expect(report.results.map((result) => result.outcome)).toEqual(['completed']);
    // Who was asked while its asker died is asked again, with the same key: one confirmation.
    expect(world.tool.actionsOf(callId as string)).toHaveLength(1);
    const [row] = await world.sql('select tool_calls from attempts where call_id = $1', [callId]);
    const confirmed = (row?.tool_calls as ToolCallRecord[]).filter(({ name }) => name === 'confirm');
    expect(confirmed).toMatchObject([{ ok: true, result: '{"ok":true}' }]);
    expect(asked[0]?.key).toBe(`${callId}.${confirmed[0]?.id}`);
  },
  180_000,
);
