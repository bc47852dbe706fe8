/**
 * `npm run bench:failover`: what callers hear, and what is lost, when a gateway is killed or frozen while they listen to it. Everything is real but the
 * phone network and the AI vendor, which are the lab's; silence is measured at the callers' ears, in the audio.
 */
import { sleep, systemClock } from '../contracts/clock';
import type { CallEntry } from '../lab/ledger';
import { homePaths, readJsonFile } from '../runtime/home';
import { Chaos } from '../test/chaos/chaos';
import { squash } from '../test/chaos/heard';
import { lossOf } from '../test/chaos/loss';
import { until } from '../test/chaos/until';
import { phoneOf, startWorld, type World } from '../test/e2e/world';
import { answerMs, BAUD, DISCLOSURE, GREETING, heard, isListening, scenario } from './failover/listeners';
import { machine } from './support/machine';
import { quantile, round, sum } from './support/numbers';
import { benchOptions } from './support/options';
import { ProcessMeter } from './support/process-meter';
import { type Row, report } from './support/report';

const options = benchOptions();
const sizes = options.sizes ?? (options.quick ? [1] : [1, 20, 50]);
const FROZEN_MS = 15_000;
/** Calls are begun at this pace: of many at once the first seconds are heavy, and are not what is measured. */
const CPS = 5;
/** Until the first caller listens. */
const FIRST_WITHIN_MS = 120_000;
/** From the strike on, besides the rest of the answer. */
const OVER_WITHIN_MS = 240_000;

type How = 'killed' | 'frozen';

async function strike(how: How, onGateway: number): Promise<Row> {
  // Both gateways share the calls.
  const phones = Array.from({ length: 2 * onGateway }, (_, index) => phoneOf(index));
  const world = await startWorld(scenario(phones.length), { gateways: 2, workers: 1, baud: BAUD });
  const chaos = new Chaos(world);
  try {
    const campaignId = await world.start(
      {
        name: `failover-${how}-${onGateway}`,
        agent: {
          engine: { type: 'openai-realtime' },
          systemPrompt: 'You are the assistant of Acme Dental. You call about the appointment on {date}.',
          disclosure: DISCLOSURE,
          firstMessage: GREETING,
        },
        dialing: { cps: CPS, maxConcurrent: phones.length, ringTimeout: '8s', machineDetection: false },
        postCall: {},
      },
      phones,
    );
    const { talking, cores } = await listeners(world, chaos, phones.length);
    const { role, struck } = victimOf(world, talking);
    const at = systemClock.now();
    if (how === 'killed') await chaos.kill(role);
    else await chaos.freeze(role, FROZEN_MS);
    const { report: story, ledger } = await within(answerMs(phones.length) + OVER_WITHIN_MS, world.end(campaignId));
    await chaos.recovered();
    const listened = new Set(talking.map((call) => call.callSid));
    const ids = new Set(struck.map((call) => call.callSid));
    const calls = ledger.calls.filter((call) => ids.has(call.callSid));
    const others = ledger.calls.filter((call) => listened.has(call.callSid) && !ids.has(call.callSid));
    const records = new Map(story.results.flatMap((result) => result.calls.map((call) => [call.carrierCallId, call] as const)));
    const lost = calls.map((call) => lossOf(call, at, records.get(call.callSid)));
    const silences = calls.map((call) => call.longestSilenceMs);
    return {
      gateway: how,
      'calls on it': calls.length,
      'calls listening, in all': `${talking.length}, ${phones.length}`,
      'core % before: lab, gateways, temporal': cores,
      'silence p50 ms': quantile(silences, 0.5),
      'silence p99 ms': quantile(silences, 0.99),
      'silence elsewhere p99 ms': quantile(
        others.map((call) => call.longestSilenceMs),
        0.99,
      ),
      'new stream after p50/p99 ms': quantiles(
        calls.map((call) => (call.streams.find((stream) => stream.startedAt > at)?.startedAt ?? Number.NaN) - at),
      ),
      'went on': calls.filter((call) => call.streams.some((stream) => stream.startedAt > at)).length,
      completed: calls.filter((call) => records.get(call.callSid)?.outcome === 'completed').length,
      'heard, not in the record: characters p50/max': quantiles(
        lost.map((loss) => loss.characters),
        1,
      ),
      "callers' sentences lost": sum(lost.map((loss) => loss.sentences)),
      'disclosed twice': calls.filter((call) => squash(heard(call)).split(squash(DISCLOSURE)).length > 2).length,
      'rang twice': ledger.calls.filter((call) => call.rings.length > 1).length + ledger.calls.length - phones.length,
    };
  } finally {
    await world.stop();
  }
}

/**
 * Whoever is in the middle of the answer, as soon as nobody else is left. On a machine that does not get so far, whoever is when the first one has
 * heard two thirds of it: they are what is measured.
 */
async function listeners(world: World, chaos: Chaos, calls: number): Promise<{ talking: CallEntry[]; cores: string }> {
  const patienceMs = (answerMs(calls) * 2) / 3;
  let first: { at: number; meter: ProcessMeter } | undefined;
  const look = async () => {
    const ledger = await world.ledger();
    const talking = ledger.calls.filter(isListening);
    if (talking.length === 0) return undefined;
    first ??= { at: systemClock.monotonic(), meter: new ProcessMeter(pidsOf(world, chaos)) };
    const elapsedMs = systemClock.monotonic() - first.at;
    const onTheWay = ledger.calls.length < calls || ledger.calls.some((call) => call.endedAt === undefined && !isListening(call));
    if (onTheWay && elapsedMs < patienceMs) return undefined;
    const spent = first.meter.read();
    const share = (name: string) => round((100 * (spent[name] ?? 0)) / Math.max(1, elapsedMs), 0);
    return { talking, cores: `${share('lab')}, ${share('gateway-1')} + ${share('gateway-2')}, ${share('temporal')}` };
  };
  const withinMs = FIRST_WITHIN_MS + patienceMs;
  return until(look, { withinMs, what: `${calls} callers in the middle of an answer`, everyMs: 1_000 });
}

function pidsOf(world: World, chaos: Chaos): Record<string, number> {
  const roles = ['lab', 'gateway-1', 'gateway-2'].map((role) => [role, chaos.stateOf(role)?.pid ?? 0]);
  const temporal = readJsonFile<{ pid: number }>(homePaths(world.home).temporalJson)?.pid ?? 0;
  return { ...Object.fromEntries(roles), temporal };
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = sleep(systemClock, ms, over.signal).then(() => {
    throw new Error(`not over within ${round(ms / 1_000, 0)} s`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    over.abort();
    late.catch(() => undefined);
    promise.catch(() => undefined);
  }
}

/** The gateway with the most calls, and those. */
function victimOf(world: World, calls: readonly CallEntry[]): { role: string; struck: CallEntry[] } {
  const byHost = groupByHost(calls);
  const [host, struck] = [...byHost].sort((a, b) => b[1].length - a[1].length)[0] as [string, CallEntry[]];
  const role = Object.entries(world.stack.urls()).find(([, urls]) => urls.listening && new URL(urls.listening).host === host)?.[0];
  if (!role) throw new Error(`no gateway is at ${host}`);
  return { role, struck };
}

function groupByHost(calls: readonly CallEntry[]): Map<string, CallEntry[]> {
  const byHost = new Map<string, CallEntry[]>();
  for (const call of calls) {
    const { host } = new URL(call.streams.at(-1)?.url as string);
    byHost.set(host, [...(byHost.get(host) ?? []), call]);
  }
  return byHost;
}

function quantiles(values: readonly number[], high = 0.99): string {
  const known = values.filter(Number.isFinite);
  return `${round(quantile(known, 0.5), 0)} / ${round(quantile(known, high), 0)}`;
}

async function main(): Promise<void> {
  const where = machine();
  const rows: Row[] = [];
  for (const how of ['killed', 'frozen'] as const) {
    if (options.only !== undefined && options.only !== how) continue;
    for (const size of sizes) {
      // One that fails does not take the others' figures with it.
      const row = await strike(how, size).catch((error: Error): Row => {
        process.exitCode = 1;
        return { gateway: how, 'calls on it': size, failed: error.message };
      });
      rows.push(row);
      process.stderr.write(`${JSON.stringify(row)}\n`);
    }
  }
  report(options, 'bench:failover', where, { 'a gateway is gone while its callers listen': rows });
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
