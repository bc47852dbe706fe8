/**
 * Every engine over every carrier in both directions, all calls at the same time on one stack, each about something of its own: what a caller heard is
 * the call's history to the character, or to the word at which an answer was cut off, and nobody hears or says a word of another call.
 * PATTER_TEST_MATRIX=full: all of them, each with a caller who lets the agent finish and one who does not; else so few that every pair is still among them.
 */
import type { TranscriptTurn } from '../../contracts/call';
import { placeCall } from '../../control/calls/place-call';
import type { CallSnapshot } from '../../control/calls/snapshot';
import { callResult } from '../../control/calls/watch-call';
import type { CallEntry, LedgerSnapshot } from '../../lab/ledger';
import { answerLines, callIn } from './lines';
import { agentOf, type Cell, cells, dialogueOf, scenarioOf } from './matrix/cells';
import { startWorld, type World } from './world';

const CELLS = cells(process.env.PATTER_TEST_MATRIX === 'full');
/** More at once would be a load test: seven processes share the machine with whatever else is tested. */
const AT_ONCE = 8;
const WITHIN_MS = 120_000;
const TRIES = 3;

interface Told {
  snapshot: CallSnapshot;
  entry: CallEntry;
}

let world: World;
let ledger: LedgerSnapshot;
const told = new Map<Cell, Told>();

beforeAll(async () => {
  world = await startWorld(scenarioOf(CELLS));
  await answerLines(
    world,
    CELLS.filter(({ direction }) => direction === 'inbound').map((cell) => ({
      name: cell.word,
      number: cell.number,
      carrier: cell.carrier,
      agent: agentOf(cell),
    })),
  );
  const waiting = [...CELLS];
  const oneAfterTheOther = async () => {
    for (let cell = waiting.shift(); cell; cell = waiting.shift()) told.set(cell, await talk(cell));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, oneAfterTheOther));
  ledger = await world.ledger();
}, 600_000);
afterAll(() => world?.stop(), 60_000);

test.each(CELLS.map((cell) => [nameOf(cell), cell] as const))(
  '%s: the history is what the caller heard and said, to the character, or to the word at which it was cut off',
  (_, cell) => {
    const { snapshot, entry } = told.get(cell) as Told;
    const { agent, caller } = dialogueOf(cell);
    expect({ outcome: snapshot.outcome, direction: snapshot.direction, carrier: entry.carrier }).toEqual({
      outcome: 'completed',
      direction: cell.direction,
      carrier: cell.carrier,
    });
    expect(entry.streams).toHaveLength(1);
    expect(entry.said.map(({ text }) => text)).toEqual(caller);
    expect(squash(texts(snapshot.turns, 'user'))).toBe(squash(caller.join('')));

    const heard = squash(entry.heard.map(({ text }) => text).join('')).replaceAll('\uFFFD', '');
    const cut = snapshot.turns.filter(({ interrupted }) => interrupted);
    if (!cell.bargesIn) {
      expect(cut).toEqual([]);
      expect(heard).toBe(squash(agent.join('')));
      expect(squash(texts(snapshot.turns, 'assistant'))).toBe(heard);
      return;
    }
    const [long = '', done = ''] = agent.slice(-2);
    const before = squash(agent.slice(0, -2).join(''));
    expect(cut).toHaveLength(1);
    const partly = cut[0]?.text ?? '';
    expect(squash(texts(snapshot.turns, 'assistant'))).toBe(before + squash(partly) + squash(done));
    expect(heard.startsWith(before)).toBe(true);
    expect(heard.endsWith(squash(done))).toBe(true);
    const heardOfIt = heard.slice(before.length, -squash(done).length);
    expect(squash(long).startsWith(heardOfIt)).toBe(true);
    expect(heardOfIt.length).toBeLessThan(squash(long).length);
    const { atLeast, atMost } = wholeWords(long, partly);
    expect({ long, partly, heardOfIt, fits: heardOfIt.startsWith(atLeast) && atMost.startsWith(heardOfIt) }).toMatchObject({ fits: true });
  },
);

test('peer defect 7: calls at the same time share nothing: not a word of one is heard, said or sent to a vendor in another', () => {
  for (const [cell, { snapshot, entry }] of told) {
    for (const part of [snapshot.turns, entry.heard, entry.said])
      expect({ [nameOf(cell)]: wordsIn(part) }).toEqual({ [nameOf(cell)]: [cell.word] });
  }
  const sessions = Object.entries(ledger.notes).flatMap(([section, entries]) =>
    entries.map((entry) => ({ section, words: wordsIn(entry) })),
  );
  expect(sessions.filter(({ words }) => words.length > 1)).toEqual([]);
  // Each vendor was there, and knew which call it was in.
  const sections = new Set(sessions.filter(({ words }) => words.length === 1).map(({ section }) => section));
  expect([...sections].sort()).toEqual(['chat', 'convai', 'deepgram', 'elevenlabs-tts', 'realtime', 'speech', 'transcription']);
});

test('the calls were under way at the same time', () => {
  const times = [...told.values()].map(({ entry: { answeredAt = 0, endedAt = 0 } }) => ({ answeredAt, endedAt }));
  const together = times.map(({ answeredAt: at }) => times.filter(({ answeredAt, endedAt }) => answeredAt <= at && at < endedAt).length);
  expect(Math.max(...together)).toBeGreaterThan(2);
});

test('those of npm test have every pair of engine, carrier, direction and manner of talking', () => {
  const keys = ['engine', 'carrier', 'direction', 'bargesIn'] as const;
  const pairs = (some: readonly Cell[]) =>
    new Set(some.flatMap((cell) => keys.flatMap((a, i) => keys.slice(i + 1).map((b) => `${cell[a]} × ${cell[b]}`))));
  expect(pairs(cells(false))).toEqual(pairs(cells(true)));
});

function nameOf({ engine, carrier, direction, bargesIn }: Cell): string {
  return `${engine} over ${carrier}, ${direction}${bargesIn ? ', with barge-in' : ''}`;
}

/**
 * Again where this machine stood still: for seconds, and the workflow had to take the call elsewhere, which is for the chaos tests; or for as long as
 * a gateway sends ahead, and a letter was lost between two frames.
 */
async function talk(cell: Cell): Promise<Told> {
  for (let tries = 1; ; tries++) {
    const callId = await (cell.direction === 'inbound'
      ? callIn(world, { carrier: cell.carrier, from: cell.phone, to: cell.number, persona: cell.word })
      : callOut(cell));
    const snapshot = await callResult(world.ctx, callId, { timeoutMs: WITHIN_MS });
    const entry = (await world.ledger()).calls.find(({ callSid }) => callSid === snapshot.carrierCallId);
    if (!entry) throw new Error(`the phone network knows nothing of ${nameOf(cell)}`);
    const stoodStill = entry.streams.length > 1 || (!cell.bargesIn && entry.heard.some(({ text }) => text.includes('\uFFFD')));
    if (!stoodStill || tries === TRIES) return { snapshot, entry };
  }
}

async function callOut(cell: Cell): Promise<string> {
  const { carrier, phone, number } = cell;
  return (await placeCall(world.ctx, { to: phone, from: number, carrier, agent: agentOf(cell) })).callId;
}

function texts(turns: readonly TranscriptTurn[], role: TranscriptTurn['role']): string {
  return turns
    .filter((turn) => turn.role === role)
    .map(({ text }) => text)
    .join('');
}

/** Whose words stand in it. */
function wordsIn(thing: unknown): string[] {
  const text = JSON.stringify(thing);
  return CELLS.map(({ word }) => word).filter((word) => text.includes(word));
}

/** Where one utterance ends and the next begins is not a matter of audio. */
function squash(text: string): string {
  return text.replace(/\s+/g, '');
}

/**
 * What may have been heard of a text that was cut off, where its last word and the one after it can have been heard in part. Processes that share a busy machine
 * are a word apart now and then; within one process it is less than a word (test/media-gateway/session-interruptions.test.ts).
 */
function wholeWords(whole: string, part: string): { atLeast: string; atMost: string } {
  const words = whole.split(/\s+/);
  let known = 0;
  for (let text = ''; known < words.length && squash(part).length > text.length; known++) text += words[known];
  return { atLeast: words.slice(0, Math.max(0, known - 1)).join(''), atMost: words.slice(0, known + 1).join('') };
}
