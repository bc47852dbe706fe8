/** What is lost and nobody may notice: a workflow, the data of one of the two stores, a machine; and a call that nobody owns. */
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createTwilioCarrier } from '../../carriers/twilio';
import { isTerminalCarrierStatus } from '../../contracts/carrier';
import { LAB_ACCOUNT } from '../../lab/scenario';
import { homePaths, readJsonFile } from '../../runtime/home';
import { phoneOf } from '../e2e/world';
import { moment } from './moments';
import { until } from './until';
import { verifyCampaign } from './verify';
import { type ChaosWorld, DISCLOSURE, GREETING, startChaosWorld } from './world';

const full = process.env.PATTER_TEST_MATRIX === 'full';
if (!full) process.stderr.write('[chaos] four cases of deleted data run with `npm run test:full`: they take over three minutes\n');
const inFull = full ? test : test.skip;
const OPTIONS = { onceACall: [DISCLOSURE, GREETING] };
const LOST = { ...OPTIONS, lostWorkflow: true } as const;
const [ORPHAN, TERMINATED, REBOOTED, NO_TEMPORAL, NO_POSTGRES, AFTERWARDS] = Array.from({ length: 6 }, (_, index) => phoneOf(index)) as [
  string,
  string,
  string,
  string,
  string,
  string,
];
let world: ChaosWorld;

beforeAll(async () => {
  world = await startChaosWorld({});
}, 120_000);
afterAll(() => world?.stop(), 60_000);
beforeEach(() => world.chaos.recovered(), 60_000);

const callIdOf = async (phone: string) => {
  const [row] = await world.sql("select call_id from attempts where to_number = $1 and state in ('intent', 'placed', 'unknown')", [phone]);
  return row?.call_id as string | undefined;
};

test('a carrier call that no workflow owns is hung up at its first callback', async () => {
  const carrier = createTwilioCarrier({
    accountSid: LAB_ACCOUNT.sid,
    authToken: LAB_ACCOUNT.authToken,
    baseUrl: world.stack.labUrl as string,
  });
  const gatewayUrl = world.stack.urls()['gateway-1']?.public as string;
  const placed = await carrier.placeCall({
    callId: `call_${'0'.repeat(32)}_1`,
    to: ORPHAN,
    from: '+15005550006',
    gatewayUrl,
    fallbackGatewayUrl: gatewayUrl,
    token: 'none',
    ringTimeoutMs: 20_000,
    timeLimitMs: 60_000,
    machineDetection: false,
  });
  const carrierCallId = placed.kind === 'accepted' ? placed.carrierCallId : '';
  await until(
    async () => {
      const call = await carrier.fetchCall(carrierCallId);
      return call !== undefined && isTerminalCarrierStatus(call.status);
    },
    { withinMs: 40_000, what: 'the call is hung up' },
  );
  expect((await world.calls(ORPHAN)).flatMap((call) => call.streams.filter((stream) => stream.playedMs > 0))).toEqual([]);
}, 90_000);

inFull(
  'a call workflow that was terminated in mid-call is settled by the sweeper, and its person called again by the retry policy',
  async () => {
    const campaign = await world.start({ name: 'terminated' }, [TERMINATED]);
    await moment(world, 'talking', TERMINATED);
    await world.ctx.temporal.workflow.getHandle((await callIdOf(TERMINATED)) as string).terminate('by hand');
    const { report } = await world.end(campaign);
    expect(await verifyCampaign(world, campaign, report, LOST)).toEqual([]);
    expect(report.results[0]?.calls.map((call) => call.outcome)).toEqual(['failed', 'completed']);
  },
  240_000,
);

inFull(
  'everything is killed, its supervisor too, and started again: the campaign goes on by itself',
  async () => {
    const campaign = await world.start({ name: 'rebooted' }, [REBOOTED]);
    await moment(world, 'talking', REBOOTED);
    await world.reboot(() => world.chaos.strike('everything', { down: 0 }));
    await world.chaos.recovered();
    const { report } = await world.end(campaign);
    expect(await verifyCampaign(world, campaign, report, OPTIONS)).toEqual([]);
    expect(report.results[0]?.outcome).toBe('completed');
  },
  240_000,
);

inFull(
  "Temporal's data is deleted: the campaign gets a new workflow, which settles what the old one left",
  async () => {
    const campaign = await world.start({ name: 'no-temporal' }, [NO_TEMPORAL]);
    await moment(world, 'talking', NO_TEMPORAL);
    await world.chaos.kill('temporal', 3_000);
    rmSync(dirname(homePaths(world.home).temporalDb), { recursive: true, force: true });
    await world.chaos.recovered();
    const { report } = await world.end(campaign);
    expect(await verifyCampaign(world, campaign, report, LOST)).toEqual([]);
    expect(report.results[0]?.calls.at(-1)?.outcome).toBe('completed');
  },
  300_000,
);

inFull(
  "Postgres' data is deleted: what was known is lost, nothing stays open, and the next campaign runs",
  async () => {
    const lost = await world.start({ name: 'no-postgres' }, [NO_POSTGRES]);
    await moment(world, 'talking', NO_POSTGRES);
    const { folder } = readJsonFile<{ folder: string }>(homePaths(world.home).postgresJson) as { folder: string };
    await world.chaos.kill('postgres', 3_000);
    rmSync(join(folder, 'data'), { recursive: true, force: true });
    await world.chaos.recovered();
    await until(
      async () => {
        for await (const _ of world.ctx.temporal.workflow.list({ query: `ExecutionStatus = 'Running' AND PatterCampaignId = '${lost}'` })) {
          return false;
        }
        return (await world.calls(NO_POSTGRES)).every((call) => call.finalStatus !== undefined);
      },
      { withinMs: 120_000, what: 'no workflow and no call is left', everyMs: 500 },
    );
    const next = await world.start({ name: 'afterwards' }, [AFTERWARDS]);
    const { report } = await world.end(next);
    expect(await verifyCampaign(world, next, report, OPTIONS)).toEqual([]);
  },
  300_000,
);
