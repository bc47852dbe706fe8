/** Campaigns whose agent is a pipeline, as whole processes: what the report tells is what the phone network heard. */
import { compareReportWithLedger } from '../../lab/compare-report';
import type { ChatEntry } from '../../lab/openai/ledger-entry';
import { phoneOf, startWorld, type World } from './world';

const PEOPLE = ['confirms', 'interrupts', 'opts-out', 'voicemail'] as const;
const OUTCOMES = { confirms: 'completed', interrupts: 'completed', 'opts-out': 'opted_out', voicemail: 'voicemail' };

let world: World;
let told: Awaited<ReturnType<World['end']>>;

beforeAll(async () => {
  world = await startWorld({
    people: Object.fromEntries(PEOPLE.map((persona, index) => [phoneOf(index), persona])),
    tools: { confirm: { ok: true } },
  } as never);
  const campaign = await world.start(
    {
      name: 'pipeline',
      agent: {
        engine: { type: 'pipeline', stt: { provider: 'deepgram' }, tts: { provider: 'openai' }, llm: { provider: 'openai' } },
        systemPrompt:
          'You are the assistant of Acme Dental. You call about the appointment on {date}. If they confirm, call the tool confirm.',
        disclosure: 'This is an AI assistant.',
        firstMessage: 'Hi {first_name}, your appointment is on {date}. Does it suit you?',
        tools: [{ name: 'confirm', webhookUrl: `${world.stack.labUrl}/lab/tools/confirm` }],
      } as never,
    },
    PEOPLE.map((_, index) => phoneOf(index)),
  );
  told = await world.end(campaign);
}, 240_000);
afterAll(() => world?.stop(), 60_000);

test('every call ends as the person meant it, at once and without a leak from one to the other', () => {
  const outcomes = Object.fromEntries(
    told.report.results.map(({ phone, outcome }) => [PEOPLE.findIndex((_, index) => phoneOf(index) === phone), outcome]),
  );
  expect(outcomes).toEqual(Object.fromEntries(PEOPLE.map((persona, index) => [index, OUTCOMES[persona]])));
});

test('the transcripts are what was heard and said on the phone', () => {
  expect(compareReportWithLedger(told.report, told.ledger)).toEqual([]);
});

test('the person who agreed was confirmed once, by the tool', () => {
  const confirms = told.ledger.toolCalls.filter(({ name }) => name === 'confirm');
  expect(confirms.length).toBeGreaterThanOrEqual(1);
  const call = told.report.results.find(({ phone }) => phone === phoneOf(0))?.calls[0];
  expect(call?.transcript.map(({ role }) => role)).toContain('user');
});

test('peer defect 12: no request to the model holds a turn of the caller twice', () => {
  const chats = (told.ledger.notes.chat ?? []) as ChatEntry[];
  expect(chats.length).toBeGreaterThan(0);
  for (const { messages } of chats) {
    const said = (messages as { role: string; content?: string }[]).map(({ role, content }) => `${role}: ${content}`);
    for (const [index, line] of said.entries()) if (line.startsWith('user: ')) expect(said[index + 1]).not.toBe(line);
  }
});

test('what was used is priced: recogniser, model, voice', () => {
  const labels = told.report.results.flatMap(({ calls }) => calls).flatMap((call) => JSON.stringify(call));
  expect(labels.join()).not.toContain('no price known');
});
