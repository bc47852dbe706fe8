/**
 * A deploy under load: each process in turn gets SIGTERM and comes back, while a dozen people talk to the agent. Nobody may notice more than a pause.
 */
import { systemClock } from '../../contracts/clock';
import { compareReportWithLedger } from '../../lab/compare-report';
import type { PersonaInput } from '../../lab/persona';
import { listProcessStates, readProcessState } from '../../runtime/process-files';
import { isAlive } from '../../runtime/process-identity';
import { phoneOf, startWorld, type World } from './world';

const CALLERS = 12;
const WORDS = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve', 'thirteen', 'fourteen'];
const SILENCE_MS = 3_000;
const DISCLOSURE = 'This is an AI assistant.';
const RESTART_MS = 60_000;

/** Somebody who has a lot to say, and waits for an answer each time. */
const DICTATES: PersonaInput = {
  kind: 'human',
  answerAfterMs: [300, 1_500],
  patienceMs: 30_000,
  steps: [
    { say: 'Hello?' },
    ...WORDS.map((word) => ({ hear: '/suit|noted|there|go on/i', waitMs: [100, 900] as [number, number], say: `Item ${word}.` })),
    { hear: '/noted|there|go on/i', say: 'That was all, goodbye.' },
    { hear: '/bye/i', orAfterMs: 6_000, hangUp: true },
  ],
};

let world: World;
let told: Awaited<ReturnType<World['end']>>;
const talkingAtRestart: Record<string, number> = {};

beforeAll(async () => {
  world = await startWorld({
    default: 'dictates',
    personas: { dictates: DICTATES },
    brain: [{ when: 'item \\w+', say: 'Noted, please go on.' }],
  });
  const campaignId = await world.start(
    { name: 'rolling' },
    Array.from({ length: CALLERS }, (_, index) => phoneOf(index)),
  );
  await until('everybody talks', async () => (await talking()) === CALLERS);
  for (const role of ['gateway-1', 'gateway-2', 'worker']) {
    talkingAtRestart[role] = await talking();
    await restart(role);
  }
  told = await world.end(campaignId);
}, 240_000);
afterAll(() => world?.stop(), 90_000);

test('calls were in progress at every restart', () => {
  // A slow restart takes so long that some come to their end meanwhile.
  expect(talkingAtRestart['gateway-1']).toBe(CALLERS);
  expect(Math.min(...Object.values(talkingAtRestart))).toBeGreaterThan(0);
});

test('every call comes to its own end, and rang once', () => {
  expect(told.report.outcomes).toEqual({ completed: CALLERS });
  expect(told.ledger.calls.map((call) => [call.to, call.rings.length, call.endedBy])).toEqual(
    told.ledger.calls.map((call) => [call.to, 1, expect.stringMatching(/callee|api/)]),
  );
  expect(told.ledger.calls).toHaveLength(CALLERS);
  expect(compareReportWithLedger(told.report, told.ledger)).toEqual([]);
});

test('nobody hung in silence for longer than three seconds', () => {
  const longest = told.ledger.calls.map((call) => [call.to, call.longestSilenceMs]);
  expect(longest.filter(([, ms]) => (ms as number) > SILENCE_MS)).toEqual([]);
});

test('nobody heard the disclosure or the greeting twice', () => {
  for (const call of told.ledger.calls) {
    const heard = call.heard.map((segment) => segment.text).join(' ');
    expect([call.to, heard.split(DISCLOSURE).length - 1, heard.split('Does it suit you?').length - 1]).toEqual([call.to, 1, 1]);
  }
});

test('no word is lost: what each caller said is in the record, in order and once', () => {
  for (const result of told.report.results) {
    const said = result.calls[0]!.transcript.filter((turn) => turn.role === 'user').map((turn) => turn.text);
    const items = said.join(' ').match(/Item \w+/g);
    expect([result.phone, items]).toEqual([result.phone, WORDS.map((word) => `Item ${word}`)]);
  }
});

test('no sentence of the agent is cut off by a handover', () => {
  const cut = told.report.results.flatMap((result) =>
    result.calls[0]!.transcript.filter((turn) => turn.role === 'assistant' && turn.interrupted),
  );
  expect(cut).toEqual([]);
});

/** SIGTERM, the end of the process, and its return. */
async function restart(role: string): Promise<void> {
  const before = readProcessState(world.home, role);
  if (!before) throw new Error(`${role} is not there`);
  process.kill(before.pid, 'SIGTERM');
  await until(`${role} ends`, async () => !isAlive(before));
  await until(`${role} is back`, async () => {
    const now = readProcessState(world.home, role);
    return now?.ready === true && now.pid !== before.pid;
  });
}

async function talking(): Promise<number> {
  const { calls } = await world.ledger();
  return calls.filter(
    (call) => call.streams.length > 0 && call.endedAt === undefined && call.heard.some(({ text }) => text.includes('suit you')),
  ).length;
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const giveUpAt = systemClock.monotonic() + RESTART_MS;
  while (!(await holds())) {
    if (systemClock.monotonic() > giveUpAt)
      throw new Error(`${what}: not within ${RESTART_MS} ms; ${JSON.stringify(listProcessStates(world.home))}`);
    await new Promise<void>((resolve) => {
      systemClock.after(100, resolve);
    });
  }
}
