/** Whole conversations with an agent of the lab's ElevenLabs, over its own protocol; what was said is read from the audio. */
import type { ConvaiEntry } from '../../lab/elevenlabs/convai/ledger-entry';
import { SessionWorld, said } from './session-phone';

const LONG =
  'Your appointment is on Friday at ten in the morning with Doctor Meier. It is on the second floor of the house, next to the lift. Please bring your insurance card with you. Is that right?';
const GREETING = 'Welcome to the clinic. How can I help?';

/** Without what a demodulator makes of a cut. */
const clean = (heard: string) =>
  heard
    .replace(/\uFFFD/g, '')
    .replace(/\s+/g, ' ')
    .trim();

describe('an ElevenLabs agent', () => {
  let world: SessionWorld;
  beforeEach(async () => {
    world = await SessionWorld.start({
      elevenlabs: { agents: { greets: { firstMessage: GREETING }, plain: { aligned: false, firstMessage: GREETING } } },
      brain: [
        { when: 'tell me', say: LONG },
        { when: 'stop', say: 'I stop.' },
        { when: 'hang up', say: 'So long.', call: { tool: 'vendor_end_call' } },
        { when: '^\\[DTMF: 4\\]', say: 'You pressed four.' },
        {
          when: 'check',
          call: { tool: 'check_calendar', args: { day: 'Friday' } },
          say: 'One moment, I will have a look.',
          thenSay: 'Friday is free.',
        },
      ],
      tools: { check_calendar: { free: true } },
    } as never);
  });
  afterEach(() => world.stop());

  const conversations = async () => ((await world.ledger()).notes.convai ?? []) as ConvaiEntry[];
  const agent = (more: object = {}, agentId = 'greets') =>
    world.setup({
      agent: { engine: { type: 'elevenlabs-convai', agentId, override: { prompt: true } } as never, firstMessage: 'Hello Ada.', ...more },
    });

  it.each(['greets', 'plain'])(
    'talks (%s), greets once with our first message, and what was heard is the history to the character',
    async (agentId) => {
      const { phone, session } = world.call(agent({}, agentId));
      await phone.untilHeard(/Hello Ada\.$/);
      await phone.untilSilent();
      phone.say('Please tell me.');
      await phone.untilHeard(/Is that right\?$/);
      await phone.untilSilent();
      phone.say('Please stop.');
      await phone.untilHeard(/I stop\.$/);
      await phone.untilSilent();
      phone.hangUp();
      const report = await session.done;
      expect(report.turns.map(({ role, text }) => [role, text])).toEqual([
        ['assistant', 'This is an AI.'],
        ['assistant', 'Hello Ada.'],
        ['user', 'Please tell me.'],
        ['assistant', LONG],
        ['user', 'Please stop.'],
        ['assistant', 'I stop.'],
      ]);
      expect(clean(phone.heard)).toBe(`This is an AI.Hello Ada.${LONG}I stop.`);
      const [entry] = await conversations();
      // The agent knows who said what, and that its own greeting was not heard.
      expect(entry?.contextualUpdates.join('\n')).toMatch(/You: Hello Ada\./);
      expect(entry?.contextualUpdates.filter((text) => text.includes(GREETING))).toHaveLength(1);
      const used = report.usage.find(({ service }) => service === 'convai');
      expect(used).toMatchObject({ provider: 'elevenlabs', item: agentId, unit: 'second' });
      expect(used?.quantity).toBeGreaterThan(1);
    },
  );

  it('leaves the first message to the agent where the call has none', async () => {
    const { phone, session } = world.call(agent({ firstMessage: '' }));
    await phone.untilHeard(/How can I help\?$/);
    await phone.untilSilent();
    phone.hangUp();
    expect(said(await session.done, 'assistant')).toEqual(['This is an AI.', GREETING]);
    expect((await conversations())[0]?.userMessages).toEqual([]);
  });

  it('tells an agent without a first message to begin', async () => {
    const { phone, session } = world.call(agent({ firstMessage: '', disclosure: '' }, 'silent'));
    await phone.untilHeard(/can I help you\?$/);
    phone.hangUp();
    await session.done;
    expect((await conversations())[0]?.userMessages).toHaveLength(1);
  });

  it.each(['greets', 'plain'])(
    'peer defect 22: is cut off (%s) where the caller stopped hearing, for the record and for the agent',
    async (agentId) => {
      const { phone, session } = world.call(agent({}, agentId));
      await phone.untilHeard(/Hello Ada\.$/);
      await phone.untilSilent();
      phone.say('Please tell me.');
      await phone.untilHeard(/second floor/);
      await world.fault({ kind: 'late_audio', event: 'convai', count: 1 });
      phone.say('Please stop this now, I have to say something.');
      await phone.untilHeard(/I stop\.$/);
      await phone.untilSilent();
      phone.hangUp();
      const report = await session.done;
      const cut = report.turns.find((turn) => turn.interrupted);
      expect(cut?.text).toMatch(/^Your appointment .* second/);
      const heard = clean(/Your appointment.*?(?=I stop)/s.exec(phone.heard)?.[0] ?? '');
      expect(heard).not.toContain('LATE');
      expect(heard.startsWith(cut?.text ?? '-')).toBe(true);
      expect(heard.length - (cut?.text.length ?? 0)).toBeLessThan(24);
      expect((await conversations())[0]?.contextualUpdates).toContainEqual(expect.stringContaining(`heard only: ${cut?.text}`));
    },
  );

  it('peer defect 3: calls a tool while it speaks, and goes on from its answer', async () => {
    const tool = {
      name: 'check_calendar',
      description: '',
      parameters: { type: 'object', properties: {} },
      webhookUrl: `${world.url}/lab/tools/check_calendar`,
      timeoutMs: 5_000,
    };
    const { phone, session } = world.call(agent({ tools: [tool] }));
    await phone.untilHeard(/Hello Ada\.$/);
    await phone.untilSilent();
    phone.say('Can you check it?');
    await phone.untilHeard(/I will have a look\..*Friday is free\.$/s);
    await phone.untilSilent();
    phone.hangUp();
    const report = await session.done;
    expect(report.toolCalls).toMatchObject([{ name: 'check_calendar', ok: true }]);
    expect(said(report, 'assistant').slice(2)).toEqual(['One moment, I will have a look.', 'Friday is free.']);
    expect((await conversations())[0]?.toolCalls).toMatchObject([{ name: 'check_calendar', result: '{"free":true}', isError: false }]);
  });

  it('ends the call by our tool, with its last words', async () => {
    const { phone, session } = world.call(agent());
    await phone.untilHeard(/Hello Ada\.$/);
    await phone.untilSilent();
    phone.say('Goodbye.');
    const report = await session.done;
    expect(report.end).toBe('agent_ended');
    expect(clean(phone.heard)).toMatch(/Goodbye\.$/);
  });

  it('ends the call when the agent hangs up by a tool of the vendor’s own', async () => {
    const { phone, session } = world.call(agent());
    await phone.untilHeard(/Hello Ada\.$/);
    await phone.untilSilent();
    phone.say('Please hang up.');
    const report = await session.done;
    expect(report.end).toBe('agent_ended');
    expect(clean(phone.heard)).toMatch(/So long\.$/);
  });

  it('answers keys as a message, once', async () => {
    const { phone, session } = world.call(agent());
    await phone.untilHeard(/Hello Ada\.$/);
    await phone.untilSilent();
    phone.press('4');
    await phone.untilHeard(/You pressed four\.$/);
    phone.hangUp();
    await session.done;
    const [entry] = await conversations();
    expect(entry?.userMessages).toEqual(['[DTMF: 4]']);
    expect(entry?.contextualUpdates.join()).not.toContain('DTMF');
  });

  it('goes on after a gateway died: the agent is told the history, and nobody is greeted again', async () => {
    const at = Date.now() - 5_000;
    const { phone, session } = world.call(agent({ firstMessage: '' }), {
      history: [
        { role: 'assistant', text: 'Can you come on Friday?', at },
        { role: 'user', text: 'Please tell me more.', at },
      ],
    });
    await phone.untilHeard(/I am back\..*Is that right\?$/s);
    phone.hangUp();
    await session.done;
    expect(clean(phone.heard)).not.toContain('Welcome');
    const [entry] = await conversations();
    expect(entry?.contextualUpdates[0]).toContain('You: Can you come on Friday?\nCaller: Please tell me more.');
  });

  it('peer defect 8: connects again with the history when the socket closes without a reason', async () => {
    await world.fault({ kind: 'provider_close', event: 'convai', afterMs: 2_500, count: 1 });
    const { phone, session } = world.call(agent({}, 'silent'));
    await phone.untilHeard(/Hello Ada\.$/);
    await phone.untilSilent();
    phone.say('Please tell me.');
    await phone.until(() => /Is that right\?$/.test(phone.heard), 'the whole answer', 30_000);
    phone.hangUp();
    await session.done;
    const [first, second] = await conversations();
    expect(first?.closedBy).toBe('fault');
    expect(second?.contextualUpdates[0]).toContain('Caller: Please tell me.');
  });

  it('tells what is wrong with an agent that speaks another format, and the call ends with an apology', async () => {
    await world.stop();
    world = await SessionWorld.start({ elevenlabs: { agents: { pcm: { outputFormat: 'pcm_16000' } } } } as never);
    const { phone, session } = world.call(agent({}, 'pcm'));
    const report = await session.done;
    expect(report.end).toBe('provider_failed');
    expect(clean(phone.heard)).toMatch(/^This is an AI\.Hello Ada\./);
  });
});
