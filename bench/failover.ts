/**
 * `npm run bench:failover`: what callers hear, and what is lost, when a gateway is killed or frozen while they listen to it. Everything is real but the
 * phone network and the AI vendor, which are the lab's; silence is measured at the callers' ears, in the audio.
 */
import { systemClock } from '../contracts/clock';
import type { ReportCall } from '../contracts/report';
import type { CallEntry } from '../lab/ledger';
import type { ScenarioInput } from '../lab/scenario';
import { Chaos } from '../test/chaos/chaos';
import { until } from '../test/chaos/until';
import { phoneOf, startWorld, type World } from '../test/e2e/world';
import { machine } from './support/machine';
import { quantile, round, sum } from './support/numbers';
import { benchOptions } from './support/options';
import { type Row, report } from './support/report';

const options = benchOptions();
const sizes = options.sizes ?? (options.quick ? [1] : [1, 20, 50]);
/** As people speak: 30 characters a second. */
const BAUD = 300;
const FROZEN_MS = 15_000;
const TALKING_WITHIN_MS = 90_000;

const DISCLOSURE = 'This is an AI assistant of Acme Dental.';
/** Half a minute, so that everybody is in the middle of it at the moment of the strike. */
const LONG_ANSWER = [
  'We are open from Monday to Friday, from eight in the morning to six in the evening, and on the first Saturday of every month until noon.',
  'You find us in the third street on the left behind the station, next to the bakery, on the second floor; there is a lift in the yard.',
  'Please bring your insurance card and come ten minutes early, so that we can prepare everything that is needed for your visit.',
  'If you cannot come, tell us a day before, and we shall find another time that suits you; there is no fee for that at all.',
  'Parking is free for two hours in the garage across the street, and the bus line number twelve stops right in front of our door.',
  'So, will you be there on Tuesday?',
].join(' ');

const SCENARIO: ScenarioInput = {
  network: { cps: 20, ringAfterMs: 100 },
  default: 'listener',
  personas: {
    listener: {
      kind: 'human',
      answerAfterMs: 300,
      patienceMs: 40_000,
      steps: [
        { hear: '/suit you/', say: 'What are your opening hours?' },
        { hear: '/on tuesday|suit you|back/i', say: 'Yes, I confirm.' },
        { hear: '/confirmed|noted|settled|else|suit you|back|bye/', orAfterMs: 8_000, say: 'Goodbye.' },
        { waitMs: 500, hangUp: true },
      ],
    },
  },
  brain: [{ when: 'opening hours', say: LONG_ANSWER }],
};

type How = 'killed' | 'frozen';

async function strike(how: How, onGateway: number): Promise<Row> {
  const world = await startWorld(SCENARIO, { gateways: 2, workers: 1, baud: BAUD });
  const chaos = new Chaos(world);
  try {
    // Both gateways share the calls.
    const phones = Array.from({ length: 2 * onGateway }, (_, index) => phoneOf(index));
    const campaignId = await world.start(
      {
        name: `failover-${how}-${onGateway}`,
        agent: {
          engine: { type: 'openai-realtime' },
          systemPrompt: 'You are the assistant of Acme Dental. You call about the appointment on {date}.',
          disclosure: DISCLOSURE,
          firstMessage: 'Hi {first_name}, your appointment is on {date}. Does it suit you?',
        },
        dialing: { cps: 10, maxConcurrent: phones.length, ringTimeout: '8s', machineDetection: false },
        postCall: {},
      },
      phones,
    );
    const talking = await until(
      async () => {
        const { calls } = await world.ledger();
        const inAnswer = calls.filter((call) => heard(call).includes('eight in the morning') && call.endedAt === undefined);
        return inAnswer.length === phones.length && inAnswer;
      },
      { withinMs: TALKING_WITHIN_MS, what: `${phones.length} callers in the middle of an answer`, everyMs: 200 },
    );
    const { role, struck } = victimOf(world, talking);
    const at = systemClock.now();
    if (how === 'killed') await chaos.kill(role);
    else await chaos.freeze(role, FROZEN_MS);
    const { report: story, ledger } = await world.end(campaignId);
    await chaos.recovered();
    const ids = new Set(struck.map((call) => call.callSid));
    const calls = ledger.calls.filter((call) => ids.has(call.callSid));
    const others = ledger.calls.filter((call) => !ids.has(call.callSid));
    const records = new Map(story.results.flatMap((result) => result.calls.map((call) => [call.carrierCallId, call] as const)));
    const lost = calls.map((call) => lossOf(call, records.get(call.callSid)));
    const silences = calls.map((call) => call.longestSilenceMs);
    return {
      gateway: how,
      'calls on it': calls.length,
      'calls in all': phones.length,
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

/** What was really said on the stream that broke, and is not in the call's record. */
function lossOf(call: CallEntry, record: ReportCall | undefined): { characters: number; sentences: number } {
  const turns = record?.transcript ?? [];
  const recorded = squash(
    turns
      .filter((turn) => turn.role === 'assistant')
      .map((turn) => turn.text)
      .join(' '),
  );
  const onBroken = squash(call.heard.find((segment) => segment.via === 'stream')?.text ?? '');
  let same = 0;
  while (same < onBroken.length && onBroken[same] === recorded[same]) same++;
  const users = squash(
    turns
      .filter((turn) => turn.role === 'user')
      .map((turn) => turn.text)
      .join(' '),
  );
  return { characters: onBroken.length - same, sentences: call.said.filter(({ text }) => !users.includes(squash(text))).length };
}

function heard(call: CallEntry): string {
  return call.heard.map((segment) => segment.text).join('|');
}

function squash(text: string): string {
  return text.replace(/\s+/g, '');
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
      rows.push(await strike(how, size));
      process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`);
    }
  }
  report(options, 'bench:failover', where, { 'a gateway is gone while its callers listen': rows });
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
