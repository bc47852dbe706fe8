/** What whoever listens in is told of real conversations: the words, as they were heard, and how long the caller waited. */
import { pino } from 'pino';
import type { CallSetup, TranscriptTurn, UsageLine } from '../../contracts/call';
import { StreamTaps } from '../../media-gateway/call-taps';
import type { CallSessionOptions } from '../../media-gateway/session';
import { SessionWorld } from './session-phone';

interface Heard {
  turns: TranscriptTurn[];
  usage: readonly UsageLine[][];
}

let world: SessionWorld;

beforeAll(async () => {
  world = await SessionWorld.start();
});
afterAll(async () => {
  await world?.stop();
});

function listen(setup: CallSetup): Heard & Pick<CallSessionOptions, 'settled'> {
  const turns: TranscriptTurn[] = [];
  const usage: UsageLine[][] = [];
  const taps = new StreamTaps(
    { turn: (_, turn) => void turns.push(turn), metrics: (_, __, lines) => void usage.push([...lines]) },
    setup,
    [],
    pino({ level: 'silent' }),
  );
  return { turns, usage, settled: (all, used) => taps.settled(all, used) };
}

test('peer defect 16: both roles are told as they were heard, with the latency of the answer, through a pipeline and speech to speech', async () => {
  const engine = { type: 'pipeline', stt: { provider: 'deepgram', endpointingMs: 300 } } as never;
  const piped = world.setup({ agent: { engine, firstMessage: 'Hello?' } });
  const direct = world.setup({ agent: { firstMessage: 'Hello?' } });
  const [first, second] = [listen(piped), listen(direct)];
  const calls = [
    world.call(piped, { settled: first.settled, code: { onMessage: ({ text }) => `You said ${text}` } }),
    world.call(direct, { settled: second.settled }),
  ];
  await Promise.all(
    calls.map(async ({ phone }) => {
      await phone.untilHeard(/Hello\?/);
      await phone.untilSilent();
      phone.say('hello there');
      await phone.untilSaid();
      await phone.untilHeard(/Hello\?.*\w/s);
      await phone.untilSilent(1_000);
    }),
  );
  for (const { phone } of calls) phone.hangUp();
  const reports = await Promise.all(calls.map(({ session }) => session.done));

  expect(first.turns.map(({ role, text }) => `${role}: ${text}`)).toEqual([
    'assistant: This is an AI.',
    'assistant: Hello?',
    'user: hello there',
    'assistant: You said hello there',
  ]);
  for (const [index, told] of [first, second].entries()) {
    const reported = reports[index]?.turns ?? [];
    expect(told.turns).toEqual(reported.slice(0, told.turns.length));
    const [, greeting, caller, answer] = told.turns;
    expect([greeting?.role, caller?.role, answer?.role]).toEqual(['assistant', 'user', 'assistant']);
    expect(greeting?.latency).toBeUndefined();
    const { sttMs = 0, llmMs = 0, ttsMs = 0, totalMs = 0, speechMs = 0 } = answer?.latency ?? {};
    expect(sttMs + llmMs + ttsMs).toBe(totalMs);
    // The lab's recogniser waits for a pause of 300 ms, and a few words of a modem take a fifth of a second.
    expect(totalMs).toBeGreaterThan(250);
    expect(speechMs).toBeGreaterThan(50);
    expect(index === 0 ? sttMs : llmMs).toBeGreaterThan(0);
  }
  expect(second.turns[3]?.latency).toMatchObject({ sttMs: 0, ttsMs: 0 });
  expect(first.usage.at(-1)?.map(({ service }) => service)).toContain('tts');
}, 60_000);
