/** Campaigns whose agent is set up at ElevenLabs, as whole processes over either carrier: what the report tells is what the phone network heard. */
import { compareReportWithLedger } from '../../lab/compare-report';
import type { ConvaiEntry } from '../../lab/elevenlabs/convai/ledger-entry';
import { phoneOf, startWorld, type World } from './world';

const PEOPLE = ['confirms', 'interrupts', 'opts-out', 'voicemail'] as const;
const OUTCOMES = { confirms: 'completed', interrupts: 'completed', 'opts-out': 'opted_out', voicemail: 'voicemail' };
const CARRIERS = ['twilio', 'telnyx'] as const;

const each =
  process.env.PATTER_TEST_MATRIX === 'full'
    ? describe.each(CARRIERS.map((carrier, index) => ({ carrier, index })))
    : describe.skip.each([{ carrier: CARRIERS[0], index: 0 }]);

each('over $carrier', ({ carrier, index }) => {
  let world: World;
  let told: Awaited<ReturnType<World['end']>>;
  const phones = PEOPLE.map((_, person) => phoneOf(index * PEOPLE.length + person));

  beforeAll(async () => {
    world = await startWorld({
      people: Object.fromEntries(PEOPLE.map((persona, person) => [phones[person], persona])),
      elevenlabs: { agents: { dental: { firstMessage: 'Welcome to Acme Dental.' } } },
      tools: { confirm: { ok: true } },
    } as never);
    const campaign = await world.start(
      {
        name: `convai-${carrier}`,
        carrier,
        agent: {
          engine: { type: 'elevenlabs-convai', agentId: 'dental', override: { prompt: true } },
          systemPrompt:
            'You are the assistant of Acme Dental. You call about the appointment on {date}. If they confirm, call the tool confirm.',
          disclosure: 'This is an AI assistant.',
          firstMessage: 'Hi {first_name}, your appointment is on {date}. Does it suit you?',
          tools: [{ name: 'confirm', webhookUrl: `${world.stack.labUrl}/lab/tools/confirm` }],
        } as never,
      },
      phones,
    );
    told = await world.end(campaign);
  }, 240_000);
  afterAll(() => world?.stop(), 60_000);

  test('every call ends as the person meant it', () => {
    const outcomes = Object.fromEntries(told.report.results.map(({ phone, outcome }) => [PEOPLE[phones.indexOf(phone)], outcome]));
    expect(outcomes).toEqual(OUTCOMES);
  });

  test('the transcripts are what was heard and said on the phone', () => {
    expect(compareReportWithLedger(told.report, told.ledger)).toEqual([]);
  });

  test('the agent’s own first message was heard by nobody', () => {
    const conversations = (told.ledger.notes.convai ?? []) as ConvaiEntry[];
    expect(conversations.flatMap(({ said }) => said.map(({ text }) => text))).toContain('Welcome to Acme Dental.');
    expect(told.ledger.calls.flatMap(({ heard }) => heard.map(({ text }) => text)).join()).not.toContain('Welcome');
  });

  test('the person who agreed was confirmed by the tool, and every price is known', () => {
    expect(told.ledger.toolCalls.some(({ name }) => name === 'confirm')).toBe(true);
    expect(JSON.stringify(told.report)).not.toContain('no price known');
  });
});
