/** AI providers that fail before, in the middle of and between the sentences of a call, over real sockets; silence is measured on what the caller hears. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '../../contracts/clock';
import type { ElevenLabsTtsEntry } from '../../lab/elevenlabs/ledger-entry';
import type { FaultInput } from '../../lab/faults';
import { SessionWorld, said } from './session-phone';

const LONG =
  'Your appointment is on Friday at ten in the morning with Doctor Meier. It is on the second floor of the house, next to the lift. Please bring your insurance card with you. Is that right?';
/** Long enough, in the lab's quick voice, to be speech beyond doubt. */
const DEAF_TO =
  'Well, before I say anything else about the appointment that you are calling me for, I would very much like to know, at least in a word or two, how it all went so far.';
/** A caller is told within so much. */
const LONGEST_SILENCE_MS = 5_000;

const full = process.env.PATTER_TEST_MATRIX === 'full' ? it.concurrent : it.skip;

/** Each on a lab of its own and all at once: they do little but wait for what is said. */
async function inWorld(test: (world: SessionWorld) => Promise<void>): Promise<void> {
  const world = await SessionWorld.start({
    brain: [
      { when: 'tell me', say: LONG },
      { when: 'check', call: { tool: 'look', args: {} }, thenSay: 'It says yes.' },
      { when: 'so far', say: 'Yes, so far.' },
    ],
  } as never);
  try {
    await test(world);
  } finally {
    await world.stop();
  }
}

type Setup = NonNullable<Parameters<SessionWorld['setup']>[0]>;
type Options = NonNullable<Parameters<SessionWorld['call']>[1]>;

async function greeted(world: SessionWorld, { agent, ...setup }: Setup = {}, options: Options = {}) {
  const call = world.call(world.setup({ ...setup, agent: { firstMessage: 'Hello Ada.', ...agent } }), options);
  await call.phone.untilHeard(/Hello Ada\.$/, 20_000);
  await call.phone.untilSilent();
  return call;
}

/** The words, without what a demodulator makes of a cut. */
const clean = (heard: string) => heard.replace(/\uFFFD/g, '').replace(/\s+/g, ' ');

describe('peer defect 8: the AI provider dies in mid-call', () => {
  it.concurrent('in the middle of a sentence: another socket goes on where it was, and nothing is said twice', () =>
    inWorld(async (world) => {
      const { phone, session } = await greeted(world);
      await world.fault({ kind: 'provider_drop', afterMs: 1_600, count: 1 });
      const silence = phone.watchSilence();
      phone.say('Please tell me.');
      await phone.untilHeard(/Is that right\?$/);
      await phone.untilSilent();
      phone.say('And so far?');
      await phone.untilHeard(/Yes, so far\.$/);
      await phone.untilSilent();
      expect(silence()).toBeLessThan(LONGEST_SILENCE_MS);
      phone.hangUp();
      const report = await session.done;
      expect(said(report, 'assistant').slice(2).join(' ')).toBe(`${LONG} Yes, so far.`);
      expect(said(report, 'user')).toEqual(['Please tell me.', 'And so far?']);
      for (const once of [/Your appointment/g, /insurance card/g]) expect(clean(phone.heard).match(once)).toHaveLength(1);
      expect(report.error).toBeUndefined();
      const vendors = await world.realtime();
      expect(vendors).toHaveLength(2);
      expect(vendors[1]?.errors).toEqual([]);
    }));

  it.concurrent('and its events have other names from one day to the next: the caller is told the truth, in time', () =>
    inWorld(async (world) => {
      const { phone, session } = await greeted(world);
      await world.fault({ kind: 'renamed_event', event: 'response.output_audio.delta' });
      const silence = phone.watchSilence();
      phone.say('Please tell me.');
      const report = await session.done;
      expect(report.end).toBe('provider_failed');
      expect(phone.heard).toMatch(/technical problem/);
      expect(silence()).toBeLessThan(LONGEST_SILENCE_MS);
      // What nobody heard is not in the history.
      expect(said(report, 'assistant').join()).not.toContain('Friday');
    }));

  it.concurrent('while the caller speaks: the whole turn reaches the next socket, and is answered once', () =>
    inWorld(async (world) => {
      const { phone, session } = await greeted(world);
      await world.fault({ kind: 'provider_close', event: 'speech_started', count: 1 });
      phone.say('Well, I would like to know how it went so far.');
      await phone.untilHeard(/Yes, so far\.$/);
      await phone.untilSilent(1_000);
      phone.hangUp();
      const report = await session.done;
      expect(said(report, 'user')).toEqual(['Well, I would like to know how it went so far.']);
      expect(said(report, 'assistant').slice(2)).toEqual(['Yes, so far.']);
    }));

  it.concurrent('while a tool runs: its answer is told to the next socket, and it runs once', () =>
    inWorld(async (world) => {
      let runs = 0;
      const server = createServer((_request, response) => {
        runs++;
        setTimeout(() => response.end('{"free":true}'), 600);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      try {
        const webhookUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/look`;
        const { phone, session } = await greeted(world, {
          agent: { tools: [{ name: 'look', description: '', parameters: { type: 'object' }, webhookUrl, timeoutMs: 5_000 }] as never },
        });
        await world.fault({ kind: 'provider_close', event: 'tool_call', count: 1 });
        phone.say('Please check it.');
        await phone.untilHeard(/It says yes\.$|that is confirmed\..*\?$/);
        await phone.untilSilent();
        phone.hangUp();
        const report = await session.done;
        expect(runs).toBe(1);
        expect(report.toolCalls[0]).toMatchObject({ name: 'look', ok: true });
        expect(await world.realtime()).toHaveLength(2);
      } finally {
        server.closeAllConnections();
        server.close();
      }
    }));

  it.concurrent('and none comes back: an apology from memory, the end, and the reason in the record', () =>
    inWorld(async (world) => {
      const { phone, session } = await greeted(world);
      await world.fault({ kind: 'provider_refuse', status: 503 });
      await world.fault({ kind: 'provider_error', event: 'speech', status: 503 });
      await world.fault({ kind: 'provider_drop', afterMs: 400, count: 1 });
      const silence = phone.watchSilence();
      phone.say('Please tell me.');
      const report = await session.done;
      expect(report.end).toBe('provider_failed');
      expect(phone.heard).toMatch(/technical problem\. We will call you again\. Goodbye\.$/);
      expect(silence()).toBeLessThan(LONGEST_SILENCE_MS);
      expect(report.error).toMatch(/^PATTER_PROVIDER_FAILED openai-realtime: OpenAI Realtime closed with 1006/);
    }));

  it.concurrent('and it hears but never answers: the caller is told to wait, then the truth', () =>
    inWorld(async (world) => {
      const { phone, session } = await greeted(world);
      await world.fault({ kind: 'provider_mute', event: 'response' });
      const silence = phone.watchSilence();
      phone.say('Please tell me.');
      const report = await session.done;
      expect(report.end).toBe('provider_failed');
      expect(phone.heard).toMatch(/One moment, please\..*technical problem/s);
      expect(silence()).toBeLessThan(LONGEST_SILENCE_MS);
      expect(report.error).toMatch(/gave no answer/);
      expect(await world.realtime()).toHaveLength(2);
    }));

  // With the pings of an open socket answered, and not a word about what the caller says.
  it.concurrent.each([
    ['Realtime', 'realtime', {}],
    // Turns are found by loudness, so that only the words are missing.
    ['a recogniser', 'deepgram', { engine: { type: 'pipeline', stt: { provider: 'deepgram' } }, turns: { endpointing: { type: 'vad' } } }],
  ] as const)('and it is deaf: another socket hears what was said, and answers (%s)', (_, event, agent) =>
    inWorld(async (world) => {
      const { phone, session } = await greeted(world, { agent: agent as never });
      await world.fault({ kind: 'provider_mute', event, count: 1 });
      phone.say(DEAF_TO);
      await phone.untilSaid();
      const silence = phone.watchSilence();
      await phone.untilHeard(/Yes, so far\.$/, 30_000);
      expect(silence()).toBeLessThan(LONGEST_SILENCE_MS);
      await phone.untilSilent();
      phone.hangUp();
      const report = await session.done;
      // In the order in which it was said, though the words were known only at last.
      expect(report.turns.map(({ text }) => text).slice(2)).toEqual([DEAF_TO, 'One moment, please.', 'Yes, so far.']);
      expect(report.error).toBeUndefined();
    }),
  );

  it.concurrent('and it is deaf, and no other socket says a word either: an apology, and the end', () =>
    inWorld(async (world) => {
      const config = { ...world.deps.config, PATTER_DEAF_AFTER: '2s' };
      const { phone, session } = await greeted(world, {}, { config });
      await world.fault({ kind: 'provider_mute', event: 'realtime' });
      phone.say(DEAF_TO);
      await phone.untilSaid();
      const silence = phone.watchSilence();
      const report = await session.done;
      expect(report.end).toBe('provider_failed');
      expect(phone.heard).toMatch(/One moment, please\..*technical problem/s);
      expect(silence()).toBeLessThan(LONGEST_SILENCE_MS);
      expect(report.error).toMatch(/tells nothing of what the caller says/);
    }));

  it.concurrent('and the agent is to transfer then: the caller hears so, and is given to a person', () =>
    inWorld(async (world) => {
      const { phone, session } = await greeted(world, { agent: { onProviderFailure: 'transfer' }, canTransfer: true });
      await world.fault({ kind: 'provider_refuse' });
      await world.fault({ kind: 'provider_drop', afterMs: 200, count: 1 });
      phone.say('Please tell me.');
      const report = await session.done;
      expect(report).toMatchObject({ end: 'transfer_requested', transfer: { reason: 'The AI agent had a technical problem.' } });
      expect(phone.heard).toMatch(/I will connect you with a person\.$/);
      expect(report.error).toMatch(/^PATTER_PROVIDER_FAILED/);
    }));
});

describe('peer defect 8: the AI provider is dead from the start', () => {
  it.concurrent('its sockets: the greeting is spoken, then the apology', () =>
    inWorld(async (world) => {
      await world.fault({ kind: 'provider_refuse', status: 503 });
      const { phone, session } = world.call(
        world.setup({ agent: { firstMessage: 'Hello Ada.', onProviderFailure: 'transfer' }, canTransfer: false }),
      );
      const silence = phone.watchSilence();
      const report = await session.done;
      // Without anybody to transfer to, it is the end.
      expect(report.end).toBe('provider_failed');
      expect(phone.heard).toMatch(/^This is an AI\.Hello Ada\.I am sorry, we have a technical problem\./);
      expect(silence()).toBeLessThan(LONGEST_SILENCE_MS);
      expect(report.error).toMatch(/openai-realtime: .*503/);
    }));

  it.concurrent('all of it: the call ends with the reason, instead of silence', () =>
    inWorld(async (world) => {
      await world.fault({ kind: 'provider_refuse', status: 401 });
      await world.fault({ kind: 'provider_error', event: 'speech', status: 401 });
      const { phone, session } = world.call(world.setup());
      const silence = phone.watchSilence();
      const report = await session.done;
      expect(report.end).toBe('provider_failed');
      expect(silence()).toBeLessThan(LONGEST_SILENCE_MS);
      expect(report.error).toMatch(/401/);
    }));
});

describe('peer defect 8: a part of a pipeline dies for good', () => {
  const cases: [string, typeof it.concurrent | typeof it.skip, FaultInput[], RegExp][] = [
    ['the model', it.concurrent, [{ kind: 'provider_error', event: 'chat', status: 503 }], /503/],
    [
      'the model, which takes the question and says nothing',
      full,
      [{ kind: 'provider_mute', event: 'chat' }],
      /no answer|first word|within/,
    ],
    ['the voice', full, [{ kind: 'provider_error', event: 'speech', status: 503 }], /503/],
    ['the voice, which takes the text and says nothing', full, [{ kind: 'provider_mute', event: 'speech' }], /./],
    [
      'the recogniser',
      it.concurrent,
      [
        { kind: 'provider_refuse', event: 'deepgram', status: 503 },
        { kind: 'provider_drop', event: 'deepgram', afterMs: 2_400 },
      ],
      /Deepgram/,
    ],
  ];
  for (const [part, test, faults, reason] of cases) {
    test(part, () =>
      inWorld(async (world) => {
        const drop = faults.find(({ kind }) => kind === 'provider_drop');
        if (drop) await world.fault(drop);
        const { phone, session } = await greeted(world, {
          agent: { engine: { type: 'pipeline', stt: { provider: 'deepgram', endpointingMs: 300 } } as never },
        });
        for (const fault of faults) if (fault !== drop) await world.fault(fault);
        const silence = phone.watchSilence();
        phone.say('Please tell me.');
        const report = await session.done;
        expect(report.end).toBe('provider_failed');
        expect(phone.heard).toMatch(/technical problem\. We will call you again\. Goodbye\.$/);
        expect(silence()).toBeLessThan(LONGEST_SILENCE_MS);
        expect(report.error).toMatch(/^PATTER_PROVIDER_FAILED pipeline \(deepgram, openai, openai\): /);
        expect(report.error).toMatch(reason);
      }),
    );
  }
});

describe('peer defect 8: the sockets of an ElevenLabs voice break in mid-call', () => {
  const engine = { type: 'pipeline', stt: { provider: 'deepgram', endpointingMs: 300 }, tts: { provider: 'elevenlabs' } } as never;
  /** Of audio: after each line of the greeting, and within an answer. */
  const AFTER_MS = 1_600;

  it.concurrent('again and again: each next one goes on where the last one was, and nothing is said twice', () =>
    inWorld(async (world) => {
      await world.fault({ kind: 'provider_drop', event: 'elevenlabs', afterMs: AFTER_MS });
      const { phone, session } = await greeted(world, { agent: { engine } });
      const silence = phone.watchSilence();
      phone.say('Please tell me.');
      await phone.untilHeard(/Is that right\?$/, 30_000);
      await phone.untilSilent();
      expect(silence()).toBeLessThan(LONGEST_SILENCE_MS);
      phone.hangUp();
      const report = await session.done;
      expect(said(report, 'assistant').slice(2).join(' ')).toBe(LONG);
      for (const once of [/Your appointment/g, /insurance card/g]) expect(clean(phone.heard).match(once)).toHaveLength(1);
      expect(report.error).toBeUndefined();
      const voices = ((await world.ledger()).notes['elevenlabs-tts'] ?? []) as ElevenLabsTtsEntry[];
      expect(voices.filter(({ closedBy }) => closedBy === 'fault').length).toBeGreaterThan(0);
    }));

  it.concurrent('and none comes back: an apology from memory, the end, and the reason in the record', () =>
    inWorld(async (world) => {
      await world.fault({ kind: 'provider_drop', event: 'elevenlabs', afterMs: AFTER_MS });
      const { phone, session } = await greeted(world, { agent: { engine } });
      await world.fault({ kind: 'provider_refuse', event: 'elevenlabs', status: 503 });
      const silence = phone.watchSilence();
      phone.say('Please tell me.');
      const report = await session.done;
      expect(report.end).toBe('provider_failed');
      expect(phone.heard).toMatch(/technical problem\. We will call you again\. Goodbye\.$/);
      expect(silence()).toBeLessThan(LONGEST_SILENCE_MS);
      expect(report.error).toMatch(/^PATTER_PROVIDER_FAILED pipeline \(deepgram, openai, elevenlabs\): .*ElevenLabs/);
    }));
});

describe('the end of a session’s life', () => {
  it.concurrent('is not waited for: in a pause of the talk the next session takes over, and knows what was said', () =>
    inWorld(async (world) => {
      // After 50 minutes a pause is looked for; here they are over when the test says so. The hard limit is far away.
      let fiftyMinutes: (() => void) | undefined;
      const after: Clock['after'] = (ms, fn) => {
        if (ms <= 600_000 || ms > 55 * 60_000) return systemClock.after(ms, fn);
        fiftyMinutes ??= fn;
        return () => undefined;
      };
      const { phone, session } = await greeted(
        world,
        { agent: { maxDurationMs: 4 * 3_600_000 } },
        { clock: { ...world.deps.clock, after } },
      );
      phone.say('Please tell me.');
      await phone.untilHeard(/ten in the morning/);
      fiftyMinutes?.();
      await phone.untilHeard(/Is that right\?$/);
      await phone.untilSilent();
      phone.say('And so far?');
      await phone.untilHeard(/Yes, so far\.$/);
      await phone.untilSilent();
      phone.hangUp();
      const report = await session.done;
      expect(said(report, 'assistant').slice(2)).toEqual([LONG, 'Yes, so far.']);
      const [first, second] = await world.realtime();
      expect(first?.closeCode).toBe(1000);
      expect(first?.heard.map(({ text }) => text)).toEqual(['Please tell me.']);
      // The history is written, and what is said from then on is heard.
      expect(second?.heard).toMatchObject([{ text: 'Please tell me.', via: 'text' }, { text: 'And so far?' }]);
      expect(second?.errors).toEqual([]);
    }));

  it.concurrent('comes all the same: closed with 1001 as expired, the call goes on', () =>
    inWorld(async (world) => {
      await world.fault({ kind: 'provider_expire', afterMs: 3_000, count: 1 });
      const { phone, session } = await greeted(world);
      phone.say('Please tell me.');
      await phone.untilHeard(/Is that right\?$/);
      await phone.untilSilent();
      phone.say('And so far?');
      await phone.untilHeard(/Yes, so far\.$/);
      await phone.untilSilent();
      phone.hangUp();
      const report = await session.done;
      expect(said(report, 'assistant').slice(2).join(' ')).toBe(`${LONG} Yes, so far.`);
      expect((await world.realtime())[0]?.closedBy).toBe('expired');
    }));
});
