/** The agent's own rules of turn-taking (docs/turn-taking.md), each in a whole conversation with the lab. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AgentSpec, type ToolSpec, toolSchema } from '../../contracts/agent';
import { decodeMulaw, FRAME_BYTES } from '../../contracts/g711';
import { turnsSchema } from '../../contracts/turns';
import type { DeepgramEntry } from '../../lab/deepgram/ledger-entry';
import type { ChatEntry } from '../../lab/openai/ledger-entry';
import { modulate } from '../../lab/voice';
import type { AgentHooks } from '../../media-gateway/agent-code';
import type { HookContext } from '../../media-gateway/engines/pipeline/hooks';
import { sessionMaker } from '../../media-gateway/session-maker';
import { BAUD, SessionWorld, said } from './session-phone';

const LONG =
  'Your appointment is on Friday at ten in the morning with Doctor Meier in the second floor, and please bring your insurance card with you. Is that right?';

describe('turn-taking by the agent’s own rules', () => {
  /** Each in a world of its own, side by side: they do little but wait for what is said. */
  const inWorld = (test: (world: SessionWorld) => Promise<void>) =>
    SessionWorld.during(
      {
        brain: [
          { when: 'tell me', say: LONG },
          { when: 'stop', say: 'I stop.' },
          { when: 'book it', call: { tool: 'confirm', args: { day: 'Friday' } }, thenSay: 'It is booked.' },
        ],
      },
      test,
    );

  async function listening(world: SessionWorld, agent: Omit<Partial<AgentSpec>, 'turns'> & { turns?: object } = {}) {
    const { turns = {}, ...rest } = agent;
    const call = world.call(world.setup({ agent: { firstMessage: 'Hello.', turns: turnsSchema.parse(turns), ...rest } }));
    await call.phone.untilHeard(/Hello\.$/);
    await call.phone.untilSilent();
    return call;
  }

  /** As a gateway makes it, for an agent whose code has these hooks. */
  function made(world: SessionWorld, setup: Parameters<SessionWorld['setup']>[0], hooks: AgentHooks) {
    return world.call(world.setup(setup), { create: sessionMaker(() => ({ hooks })).create });
  }

  it.concurrent('finds the turns itself for a vendor that is told not to, sends it nothing else, and is interrupted as ever', () =>
    inWorld(async (world) => {
      const { phone, session } = await listening(world, { turns: { endpointing: { type: 'vad', minDelayMs: 300 } } });
      phone.say('Please tell me.');
      await phone.untilHeard(/ten in the/);
      phone.say('Please stop this now, I have to say something.');
      await phone.untilHeard(/I stop\.$/);
      await phone.untilSilent();
      phone.hangUp();
      const report = await session.done;
      expect(said(report, 'user')).toEqual(['Please tell me.', 'Please stop this now, I have to say something.']);
      expect(report.turns.find((turn) => turn.interrupted)?.text).toMatch(/^Your appointment is on Friday at ten in/);
      let [vendor] = await world.realtime();
      // What it received is counted when its end of the socket has closed.
      while (vendor?.closedAt === undefined) [vendor] = await world.realtime();
      expect(vendor?.heard.map(({ text }) => text)).toEqual(said(report, 'user'));
      expect(vendor?.errors).toEqual([]);
      // The two turns, each with 400 ms before and 300 ms after: far less than the call.
      const spoken = said(report, 'user').reduce((sum, text) => sum + modulate(text, { sampleRate: 8000, baud: BAUD }).length / 8, 0);
      expect(vendor?.inputMs).toBeLessThan(spoken + 2 * (400 + 300 + 100));
      expect(vendor?.inputMs).toBeGreaterThan(spoken);
    }));

  it.concurrent('leaves the turns to a vendor that finds them by the words (semantic_vad), and takes the vendor’s noise reduction and speed', () =>
    inWorld(async (world) => {
      const { phone, session } = await listening(world, {
        engine: { type: 'openai-realtime', vad: { type: 'semantic', eagerness: 'high' }, noiseReduction: 'far_field', speed: 1.2 } as never,
      });
      phone.say('Please stop.');
      await phone.untilHeard(/I stop\.$/);
      await phone.untilSilent();
      phone.hangUp();
      expect(said(await session.done, 'user')).toEqual(['Please stop.']);
      const [vendor, ...more] = await world.realtime();
      expect(more).toEqual([]);
      // Heard by the vendor's own detection, and what it was asked for it understood.
      expect(vendor?.heard).toMatchObject([{ text: 'Please stop.', via: 'audio' }]);
      expect(vendor?.errors).toEqual([]);
    }));

  it.concurrent('gives the vendor what was said last when the caller hangs up in mid-turn', () =>
    inWorld(async (world) => {
      const { phone, session } = await listening(world, { turns: { endpointing: { type: 'vad', minDelayMs: 2_000 } } });
      phone.say('Good bye then.');
      await phone.untilSaid();
      phone.hangUp();
      expect(said(await session.done, 'user')).toEqual(['Good bye then.']);
    }));

  it.concurrent('an agent that is not to be interrupted finishes, and then answers what was said', () =>
    inWorld(async (world) => {
      const { phone, session } = await listening(world, { turns: { interruption: { enabled: false } } });
      phone.say('Please tell me.');
      await phone.untilHeard(/ten in the/);
      phone.say('Please stop this now.');
      await phone.untilHeard(/Is that right\?.*I stop\.$/);
      phone.hangUp();
      const report = await session.done;
      expect(phone.clears).toBe(0);
      expect(said(report, 'assistant')).toEqual(expect.arrayContaining([LONG, 'I stop.']));
      expect(report.turns.some((turn) => turn.interrupted)).toBe(false);
    }));

  it.concurrent('prepares an answer before the turn is over with `preemptive` alone, with either recogniser, and asks for it once', () =>
    inWorld(async (world) => {
      const recognisers = {
        // Late, so that there is a before.
        nova: { provider: 'deepgram', model: 'nova-3', endpointingMs: 900 },
        flux: { provider: 'deepgram', model: 'flux-general-en', eotThreshold: 1 },
      };
      const calls = await Promise.all(
        Object.entries(recognisers).map(async ([name, stt]) => {
          const call = await listening(world, { engine: { type: 'pipeline', stt } as never, turns: { preemptive: true } });
          call.phone.say(`Please tell me, ${name}.`);
          return { name, ...call };
        }),
      );
      for (const { phone } of calls) await phone.untilHeard(/Is that right\?$/, 30_000);
      const { chat = [], deepgram = [] } = (await world.ledger()).notes as { chat: ChatEntry[]; deepgram: DeepgramEntry[] };
      for (const { name, phone, session } of calls) {
        const asked = chat.filter(({ messages }) => JSON.stringify(messages).includes(`tell me, ${name}`));
        const turn = deepgram.flatMap(({ heard }) => heard).find(({ text }) => text.includes(name));
        expect({ name, asked: asked.map(({ status }) => status) }).toEqual({ name, asked: ['completed'] });
        expect({ name, early: (asked[0]?.at ?? Infinity) < (turn?.at ?? 0) }).toEqual({ name, early: true });
        phone.hangUp();
        expect(said(await session.done, 'assistant')).toContain(LONG);
      }
    }));

  it.concurrent('does not listen into a first message that is muted', () =>
    inWorld(async (world) => {
      const turns = turnsSchema.parse({ mute: ['first_message'] });
      const { phone, session } = world.call(world.setup({ agent: { firstMessage: LONG, turns } }));
      await phone.untilHeard(/ten in the/);
      phone.say('Please stop this now.');
      await phone.untilHeard(/Is that right\?$/);
      await phone.untilSilent(1_500);
      phone.say('Now stop.');
      await phone.untilHeard(/Is that right\?I stop\.$/);
      phone.hangUp();
      const report = await session.done;
      expect(phone.clears).toBe(0);
      expect(said(report, 'user')).toEqual(['Please stop this now.', 'Now stop.']);
    }));

  it.concurrent('asks a silent caller as often as it was told, says goodbye and ends', () =>
    inWorld(async (world) => {
      const { phone, session } = await listening(world, {
        turns: { idle: { afterMs: 1_000, prompts: ['First?', 'Second?'], goodbye: 'Bye then.' } },
      });
      const report = await session.done;
      expect(report.end).toBe('idle');
      expect(phone.heard).toMatch(/Hello\.First\?Second\?Bye then\.$/);
      expect(said(report, 'assistant').slice(-3)).toEqual(['First?', 'Second?', 'Bye then.']);
    }));

  it.concurrent('takes steady noise out of what the vendor hears', () =>
    inWorld(async (world) => {
      const { phone, session } = await listening(world, { noiseSuppression: true });
      const voice = modulate('Please tell me.', { sampleRate: 8000, baud: BAUD });
      let state = 3;
      const noise = () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return (state / 2_147_483_648 - 1) * 400;
      };
      phone.play(Int16Array.from({ length: voice.length + 24_000 }, (_, i) => (voice[i - 16_000] ?? 0) + noise()));
      await phone.untilHeard(/Is that right\?$/);
      phone.hangUp();
      expect(said(await session.done, 'user')).toEqual(['Please tell me.']);
    }));

  it.concurrent('lets a filter of the developer’s hear the caller first', () =>
    inWorld(async (world) => {
      let frames = 0;
      const asked: HookContext[] = [];
      const callerFilter = (context: HookContext) => {
        asked.push(context);
        return {
          process: (mulaw: Uint8Array) => {
            frames++;
            return new Uint8Array(mulaw.length).fill(0xff);
          },
        };
      };
      const { phone, session } = made(world, { agent: { firstMessage: 'Hello.' } }, { callerFilter });
      await phone.untilHeard(/Hello\.$/);
      phone.say('Please tell me.');
      await phone.untilSaid();
      await phone.untilSilent(1_000);
      phone.hangUp();
      expect(said(await session.done, 'user')).toEqual([]);
      expect(frames).toBeGreaterThan(50);
      expect(asked).toEqual([{ callId: 'call_00000000000000000000000000000001_1', language: 'en' }]);
    }));

  it.concurrent('plays a sound of the developer’s in the pauses, instead of its own', () =>
    inWorld(async (world) => {
      let samples = 0;
      // Far below any speech.
      const next = (count: number) => Int16Array.from({ length: count }, () => (samples++ % 8 < 4 ? 60 : -60));
      const { phone, session } = made(
        world,
        { agent: { firstMessage: 'Hello.', backgroundAudio: { sound: 'office', volume: 1 } } },
        { background: () => ({ next }) },
      );
      await phone.untilHeard(/Hello\.$/);
      let pause: Uint8Array = new Uint8Array();
      const send = phone.sendAudio.bind(phone);
      phone.sendAudio = (mulaw) => {
        pause = mulaw;
        send(mulaw);
      };
      const before = phone.sentFrames;
      await phone.until(() => phone.sentFrames > before + 50, 'the sound of a pause');
      expect(samples).toBe(phone.sentFrames * FRAME_BYTES);
      expect(Math.max(...decodeMulaw(pause).map(Math.abs))).toBeLessThan(100);
      phone.hangUp();
      expect(said(await session.done, 'assistant').at(-1)).toBe('Hello.');
    }));

  it.concurrent('plays a background under the words and in the pauses, and the history is to the character what was heard', () =>
    inWorld(async (world) => {
      const { phone, session } = world.call(
        world.setup({ agent: { firstMessage: 'Hello.', backgroundAudio: { sound: 'office', volume: 0.2 } } }),
      );
      await phone.untilHeard(/Hello\.$/);
      const before = phone.sentFrames;
      await phone.until(() => phone.sentFrames > before + 50, 'the sound of a pause');
      await phone.until(() => phone.backlog < 8, 'a pause that is not sent far ahead');
      phone.say('Please tell me.');
      await phone.untilHeard(/ten in the/);
      phone.say('Please stop this now, I have to say something.');
      await phone.untilHeard(/I stop\.$/);
      // The carrier's word that it was played comes behind the word itself.
      const stopped = phone.sentFrames;
      await phone.until(() => phone.sentFrames > stopped + 50, 'the sound of the pause after it');
      phone.hangUp();
      const report = await session.done;
      expect(said(report, 'assistant').at(-1)).toBe('I stop.');
      const cut = report.turns.find((turn) => turn.interrupted)?.text ?? '-';
      expect(phone.heard).toContain(cut);
      const [vendor] = await world.realtime();
      expect(vendor?.errors).toEqual([]);
    }));

  describe('with a tool that takes its time', () => {
    interface SlowTool {
      tools: ToolSpec[];
      /** Requests that wait. */
      asked: ServerResponse[];
      answer: () => void;
    }

    const withTool = (test: (world: SessionWorld, tool: SlowTool) => Promise<void>) =>
      inWorld(async (world) => {
        const asked: ServerResponse[] = [];
        const server = createServer((request, response) => {
          request.resume();
          asked.push(response);
        });
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
        const webhookUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
        const answer = () => {
          for (const response of asked) response.setHeader('content-type', 'application/json').end('{"ok":true}');
        };
        try {
          await test(world, { tools: [toolSchema.parse({ name: 'confirm', description: 'Books.', webhookUrl })], asked, answer });
        } finally {
          server.closeAllConnections();
          server.close();
        }
      });

    it.concurrent('says once that it takes a moment, and goes on when the tool has answered', () =>
      withTool(async (world, { tools, answer }) => {
        const { phone, session } = await listening(world, { tools, turns: { fillers: { afterMs: 300 } } });
        phone.say('Please book it.');
        await phone.untilHeard(/One moment, please\.$/);
        await phone.untilSilent(1_000);
        answer();
        await phone.untilHeard(/Hello\.One moment, please\.It is booked\.$/);
        phone.hangUp();
        const report = await session.done;
        expect(said(report, 'assistant')).toEqual(expect.arrayContaining(['One moment, please.', 'It is booked.']));
      }));

    it.concurrent('says nothing of the kind when it was told so, or while the caller speaks', () =>
      withTool(async (world, { tools, asked, answer }) => {
        const { phone, session } = await listening(world, { tools, turns: { fillers: { afterMs: 300, phrases: [] } } });
        phone.say('Please book it.');
        await phone.until(() => asked.length > 0, 'the tool’s request');
        await phone.untilSilent(1_000);
        answer();
        await phone.untilHeard(/Hello\.It is booked\.$/);
        phone.hangUp();
        await session.done;
      }));

    it.concurrent('does not listen while the tool runs, where that is muted', () =>
      withTool(async (world, { tools, answer }) => {
        const { phone, session } = await listening(world, {
          tools,
          turns: { mute: ['tools'], fillers: { afterMs: 300, phrases: [LONG] } },
        });
        phone.say('Please book it.');
        await phone.untilHeard(/ten in the/);
        phone.say('Please wait, I have to say something.');
        await phone.untilHeard(/Is that right\?$/);
        answer();
        await phone.until(() => /Is that right\?.+\.$/.test(phone.heard), 'the answer');
        phone.hangUp();
        const report = await session.done;
        expect(phone.clears).toBe(0);
        expect(said(report, 'assistant')).toContain(LONG);
        expect(said(report, 'user')).toEqual(['Please book it.', 'Please wait, I have to say something.']);
      }));
  });
});
