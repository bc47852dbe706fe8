/** Whole conversations with agents of the lab's ElevenLabs, over their own protocol; what was said is read from the audio. */
import type { ConvaiEntry } from '../../lab/elevenlabs/convai/ledger-entry';
import { SessionWorld, said } from './session-phone';

const LONG =
  'Your appointment is on Friday at ten with Doctor Meier. It is on the second floor, next to the lift. Please bring your insurance card, a list of your medicine and the letter of your own doctor, and come a quarter of an hour early, since there are papers to sign. Is that right?';
const GREETING = 'Welcome to the clinic. How can I help?';

/** A caller is told within so much. */
const LONGEST_SILENCE_MS = 5_000;

/** Without what a demodulator makes of a cut. */
const clean = (heard: string) =>
  heard
    .replace(/\uFFFD/g, '')
    .replace(/\s+/g, ' ')
    .trim();

let world: SessionWorld;

/** What people say takes its time: all of them talk at once, each with an agent of its own. */
const stories: (() => void)[] = [];

function story(what: string, agentId: string, tell: (agentId: string) => Promise<void>): void {
  let told = Promise.resolve();
  stories.push(() => {
    told = tell(agentId);
    told.catch(() => undefined);
  });
  it(what, () => told);
}

beforeAll(async () => {
  world = await SessionWorld.start({
    elevenlabs: {
      agents: {
        talks: { firstMessage: GREETING },
        plain: { aligned: false, firstMessage: GREETING },
        greets: { firstMessage: GREETING },
        resumes: { firstMessage: GREETING },
        cut_plain: { aligned: false },
        pcm: { outputFormat: 'pcm_16000' },
      },
    },
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
  for (const to of ['cut', 'cut_plain']) await world.fault({ kind: 'late_audio', event: 'convai', to, count: 1 });
  for (const to of ['broken', 'gone']) await world.fault({ kind: 'provider_close', event: 'convai', to, afterMs: 1_000, count: 1 });
  for (const begin of stories) begin();
});
afterAll(() => world.stop());

async function conversations(agentId: string): Promise<ConvaiEntry[]> {
  const all = ((await world.ledger()).notes.convai ?? []) as ConvaiEntry[];
  return all.filter((entry) => entry.agentId === agentId);
}

function agent(agentId: string, more: object = {}) {
  const engine = { type: 'elevenlabs-convai', agentId, override: { prompt: true } } as never;
  return world.setup({ agent: { engine, disclosure: '', firstMessage: 'Hello Ada.', ...more } });
}

for (const agentId of ['talks', 'plain']) {
  story(`talks (${agentId}), greets once with our first message, and what was heard is the history to the character`, agentId, async () => {
    const { phone, session } = world.call(agent(agentId, { disclosure: 'This is an AI.' }));
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
    const [entry] = await conversations(agentId);
    // The agent knows who said what, and that its own greeting was not heard.
    expect(entry?.contextualUpdates.join('\n')).toMatch(/You: Hello Ada\./);
    expect(entry?.contextualUpdates.filter((text) => text.includes(GREETING))).toHaveLength(1);
    expect(entry?.userMessages).toEqual([]);
    const used = report.usage.find(({ service }) => service === 'convai');
    expect(used).toMatchObject({ provider: 'elevenlabs', item: agentId, unit: 'second' });
    expect(used?.quantity).toBeGreaterThan(1);
  });
}

story('leaves the first message to the agent where the call has none', 'greets', async (agentId) => {
  const { phone, session } = world.call(agent(agentId, { firstMessage: '', disclosure: 'This is an AI.' }));
  await phone.untilHeard(/How can I help\?$/);
  await phone.untilSilent();
  phone.hangUp();
  expect(said(await session.done, 'assistant')).toEqual(['This is an AI.', GREETING]);
  expect((await conversations(agentId))[0]?.userMessages).toEqual([]);
});

story('tells an agent without a first message to begin, once', 'begins', async (agentId) => {
  const { phone, session } = world.call(agent(agentId, { firstMessage: '' }));
  await phone.untilHeard(/can I help you\?$/);
  phone.hangUp();
  await session.done;
  expect((await conversations(agentId))[0]?.userMessages).toHaveLength(1);
});

for (const agentId of ['cut', 'cut_plain']) {
  story(`peer defect 22: is cut off (${agentId}) where the caller stopped hearing, for the record and for the agent`, agentId, async () => {
    const { phone, session } = world.call(agent(agentId));
    await phone.untilHeard(/Hello Ada\.$/);
    await phone.untilSilent();
    phone.say('Please tell me.');
    await phone.untilHeard(/at ten/);
    phone.say('Please stop this now, I have to say something.');
    await phone.untilHeard(/I stop\.$/);
    await phone.untilSilent();
    phone.hangUp();
    const report = await session.done;
    const cut = report.turns.find((turn) => turn.interrupted);
    expect(cut?.text).toMatch(/^Your appointment .* at/);
    const heard = clean(/Your appointment.*?(?=I stop)/s.exec(phone.heard)?.[0] ?? '');
    expect(heard).not.toMatch(/LATE|right/);
    // The last word may have been heard in part.
    expect(heard).toMatch(new RegExp(`^${cut?.text.replace(/\s*\S+$/, '')}`));
    // About a word short of it, where the vendor tells where the words are.
    expect(heard.length - (cut?.text.length ?? 0)).toBeLessThan(24);
    expect((await conversations(agentId))[0]?.contextualUpdates).toContainEqual(expect.stringContaining(`heard only: ${cut?.text}`));
  });
}

story(
  'an interruption that only the vendor believes in is one: the rest of the answer would never come',
  'vendor_cuts',
  async (agentId) => {
    // By our own rules nobody could interrupt with less than ten words.
    const { phone, session } = world.call(agent(agentId, { turns: { interruption: { minWords: 10 } } }));
    await phone.untilHeard(/Hello Ada\.$/);
    await phone.untilSilent();
    phone.say('Please tell me.');
    await phone.untilHeard(/at ten/);
    phone.say('Please stop this now, I have to say something.');
    await phone.untilHeard(/I stop\.$/);
    phone.hangUp();
    const report = await session.done;
    expect(report.turns.find((turn) => turn.interrupted)?.text).toMatch(/^Your appointment .* at/);
    expect(clean(phone.heard)).not.toContain('right?');
    expect((await conversations(agentId))[0]?.interruptions).toHaveLength(1);
  },
);

story('peer defect 3: calls a tool while it speaks, and goes on from its answer', 'checks', async (agentId) => {
  const tool = {
    name: 'check_calendar',
    description: '',
    parameters: { type: 'object', properties: {} },
    webhookUrl: `${world.url}/lab/tools/check_calendar`,
    timeoutMs: 5_000,
  };
  const { phone, session } = world.call(agent(agentId, { tools: [tool] }));
  await phone.untilHeard(/Hello Ada\.$/);
  await phone.untilSilent();
  phone.say('Can you check it?');
  await phone.untilHeard(/I will have a look\..*Friday is free\.$/s);
  await phone.untilSilent();
  phone.hangUp();
  const report = await session.done;
  expect(report.toolCalls).toMatchObject([{ name: 'check_calendar', ok: true }]);
  expect(said(report, 'assistant').slice(1)).toEqual(['One moment, I will have a look.', 'Friday is free.']);
  expect((await conversations(agentId))[0]?.toolCalls).toMatchObject([{ name: 'check_calendar', result: '{"free":true}', isError: false }]);
});

story('ends the call by our tool, with its last words', 'ends', async (agentId) => {
  const { phone, session } = world.call(agent(agentId));
  await phone.untilHeard(/Hello Ada\.$/);
  await phone.untilSilent();
  phone.say('Goodbye.');
  expect((await session.done).end).toBe('agent_ended');
  expect(clean(phone.heard)).toMatch(/Goodbye\.$/);
});

story('ends the call when the agent hangs up by a tool of the vendor’s own', 'hangs_up', async (agentId) => {
  const { phone, session } = world.call(agent(agentId));
  await phone.untilHeard(/Hello Ada\.$/);
  await phone.untilSilent();
  phone.say('Please hang up.');
  expect((await session.done).end).toBe('agent_ended');
  expect(clean(phone.heard)).toMatch(/So long\.$/);
});

story('answers keys as a message, once', 'keys', async (agentId) => {
  const { phone, session } = world.call(agent(agentId));
  await phone.untilHeard(/Hello Ada\.$/);
  await phone.untilSilent();
  phone.press('4');
  await phone.untilHeard(/You pressed four\.$/);
  phone.hangUp();
  await session.done;
  const [entry] = await conversations(agentId);
  expect(entry?.userMessages).toEqual(['[DTMF: 4]']);
  expect(entry?.contextualUpdates.join()).not.toContain('DTMF');
});

story('goes on after a gateway died: the agent is told the history, and nobody is greeted again', 'resumes', async (agentId) => {
  const at = Date.now() - 5_000;
  const { phone, session } = world.call(agent(agentId, { firstMessage: '' }), {
    history: [
      { role: 'assistant', text: 'Can you come on Friday?', at },
      { role: 'user', text: 'Please tell me more.', at },
    ],
  });
  await phone.untilHeard(/I am back\..*Is that right\?$/s);
  phone.hangUp();
  await session.done;
  expect(clean(phone.heard)).not.toContain('Welcome');
  const [entry] = await conversations(agentId);
  expect(entry?.contextualUpdates[0]).toContain('You: Can you come on Friday?\nCaller: Please tell me more.');
});

story('peer defect 8: connects again with the history when the socket closes without a reason', 'broken', async (agentId) => {
  const { phone, session } = world.call(agent(agentId));
  await phone.untilHeard(/Hello Ada\.$/);
  await phone.untilSilent();
  const silence = phone.watchSilence();
  phone.say('Please tell me.');
  // It answers what it was told: depending on the moment, that its last words were cut off, or that it has said none yet.
  await phone.untilHeard(/Your appointment.*(still there|that right)\?$/s);
  expect(silence()).toBeLessThan(LONGEST_SILENCE_MS);
  phone.hangUp();
  expect((await session.done).error).toBeUndefined();
  const [first, second] = await conversations(agentId);
  expect(first).toMatchObject({ closedBy: 'fault', closeCode: 1011 });
  expect(second?.contextualUpdates[0]).toMatch(/You: Hello Ada\.\nCaller: Please tell me\./);
  expect(second?.userMessages).toHaveLength(1);
  expect(second?.said).toHaveLength(1);
});

story(
  'peer defect 8: apologises and ends, with the reason in the record, when no conversation can be had any more',
  'gone',
  async (agentId) => {
    const { phone, session } = world.call(agent(agentId));
    await phone.untilHeard(/Hello Ada\.$/);
    await phone.untilSilent();
    await world.fault({ kind: 'provider_refuse', event: 'convai', to: agentId, status: 503 });
    const silence = phone.watchSilence();
    phone.say('Please tell me.');
    const report = await session.done;
    expect(report.end).toBe('provider_failed');
    expect(clean(phone.heard)).toMatch(/Your appointment.*technical problem\. We will call you again\. Goodbye\.$/);
    expect(silence()).toBeLessThan(LONGEST_SILENCE_MS);
    expect(report.error).toMatch(/^PATTER_PROVIDER_FAILED elevenlabs-convai: ElevenLabs .*(1011|503)/);
  },
);

story('one that is deaf is left for another conversation, which hears what was said', 'deaf', async (agentId) => {
  const { phone, session } = world.call(agent(agentId));
  await phone.untilHeard(/Hello Ada\.$/);
  await phone.untilSilent();
  // Its pings go on.
  await world.fault({ kind: 'provider_mute', event: 'convai', to: agentId, count: 1 });
  phone.say('Well, before anything else I would like to say that I am very busy these days, and that you had better please stop.');
  await phone.untilHeard(/I stop\.$/, 25_000);
  await phone.untilSilent();
  phone.hangUp();
  const report = await session.done;
  expect(report.turns.map(({ role }) => role)).toEqual(['assistant', 'user', 'assistant', 'assistant']);
  expect(report.turns[1]?.text).toMatch(/^Well, before anything .* please stop\.$/);
  expect(await conversations(agentId)).toHaveLength(2);
});

story('an agent that speaks another format is no agent for a phone: an apology, and the call ends', 'pcm', async (agentId) => {
  const { phone, session } = world.call(agent(agentId));
  const report = await session.done;
  expect(report.end).toBe('provider_failed');
  expect(clean(phone.heard)).toMatch(/^Hello Ada\. ?I am sorry, we have a technical problem\. We will call you again\. Goodbye\.$/);
  expect(report.error).toMatch(/^PATTER_PROVIDER_FAILED elevenlabs-convai: .*pcm_16000.*set both of its audio formats/);
});
