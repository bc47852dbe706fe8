/** Whole conversations with a recogniser, a model and a voice of the lab, over their own protocols; what was said is read from the audio. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { WebSocketServer } from 'ws';
import { decodeMulaw, encodeMulaw, MULAW_SILENCE } from '../../contracts/g711';
import type { DeepgramEntry } from '../../lab/deepgram/ledger-entry';
import type { ChatEntry } from '../../lab/openai/ledger-entry';
import { modulate } from '../../lab/voice';
import type { PipelineHooks } from '../../media-gateway/engines/pipeline/hooks';
import type { IncomingMessage, MessageControl, OnMessage } from '../../media-gateway/engines/pipeline/on-message/on-message';
import { wordsHeard } from '../support/words-heard';
import { BAUD, SessionWorld, said } from './session-phone';

const LONG =
  'Your appointment is on Friday at ten in the morning with Doctor Meier. It is on the second floor of the house, next to the lift. Please bring your insurance card with you. Is that right?';

const ENGINE = { type: 'pipeline', stt: { provider: 'deepgram', endpointingMs: 300 } } as never;

/** Closed when all tests are over, since they run side by side. */
const servers: Server[] = [];

function listening(server: Server): Promise<string> {
  servers.push(server);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/agent`));
  });
}

afterAll(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** Without what a demodulator makes of a cut. */
const clean = (heard: string) =>
  heard
    .replace(/\uFFFD/g, '')
    .replace(/\s+/g, ' ')
    .trim();

describe('a pipeline of Deepgram, an OpenAI model and an OpenAI voice', () => {
  /** Each in a world of its own, side by side: they do little but wait for what is said. */
  const inWorld = (test: (world: SessionWorld) => Promise<void>) =>
    SessionWorld.during(
      {
        brain: [
          { when: 'tell me', say: LONG },
          { when: 'stop', say: 'I stop.' },
          {
            when: 'check',
            call: { tool: 'check_calendar', args: { day: 'Friday' } },
            say: 'One moment, I will have a look.',
            thenSay: 'Friday is free.',
          },
        ],
        tools: { check_calendar: { free: true } },
      } as never,
      test,
    );

  const chats = async (world: SessionWorld) => ((await world.ledger()).notes.chat ?? []) as ChatEntry[];

  const agent = (world: SessionWorld, more: object = {}) => world.setup({ agent: { engine: ENGINE, firstMessage: 'Hello Ada.', ...more } });

  it.concurrent('talks, and what the caller heard is the history to the character', () =>
    inWorld(async (world) => {
      const { phone, session } = world.call(agent(world));
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
      expect(report.usage.map(({ provider, service }) => `${provider}/${service}`)).toEqual(
        expect.arrayContaining(['deepgram/transcription', 'openai/llm', 'openai/tts']),
      );
    }));

  it.concurrent('peer defect 12 and 14: the model is told each turn once, and the first message as the agent’s own', () =>
    inWorld(async (world) => {
      const { phone, session } = world.call(agent(world));
      await phone.untilHeard(/Hello Ada\.$/);
      await phone.untilSilent();
      phone.say('Yes.');
      await phone.until(() => /\.$/.test(phone.heard.replace(/^.*Hello Ada\./s, '')), 'an answer to a short word');
      await phone.untilSilent();
      phone.hangUp();
      await session.done;
      const [first] = await chats(world);
      expect(first?.messages.slice(1)).toEqual([
        { role: 'assistant', content: 'This is an AI.' },
        { role: 'assistant', content: 'Hello Ada.' },
        { role: 'user', content: 'Yes.' },
      ]);
    }));

  it.concurrent('is cut off by the caller where they stopped hearing, for the record and for the model', () =>
    inWorld(async (world) => {
      const { phone, session } = world.call(agent(world));
      await phone.untilHeard(/Hello Ada\.$/);
      await phone.untilSilent();
      phone.say('Please tell me.');
      await phone.untilHeard(/second floor/);
      phone.say('Please stop this now, I have to say something.');
      await phone.untilHeard(/I stop\.$/);
      await phone.untilSilent();
      phone.hangUp();
      const report = await session.done;
      const cut = report.turns.find((turn) => turn.interrupted);
      expect(cut?.text).toMatch(/^Your appointment .* second floor/);
      const heard = clean(/Your appointment.*?(?=I stop)/s.exec(phone.heard)?.[0] ?? '');
      expect(wordsHeard(LONG, heard)).toContain(cut?.text);
      const last = (await chats(world)).at(-1);
      expect(last?.messages).toContainEqual({ role: 'assistant', content: cut?.text });
    }));

  it.concurrent('writes down what the caller says last, who hangs up in mid-turn', () =>
    inWorld(async (world) => {
      const { phone, session } = world.call(agent(world, { turns: { endpointing: { type: 'vad', minDelayMs: 5_000 } } }));
      await phone.untilHeard(/Hello Ada\.$/);
      await phone.untilSilent();
      phone.say('Never call me again.');
      await phone.untilSaid();
      phone.hangUp();
      expect(said(await session.done, 'user')).toEqual(['Never call me again.']);
    }));

  it.concurrent('calls a tool while it speaks, and goes on from its answer', () =>
    inWorld(async (world) => {
      const { phone, session } = world.call(
        agent(world, {
          tools: [
            {
              name: 'check_calendar',
              description: '',
              parameters: { type: 'object', properties: {} },
              webhookUrl: `${world.url}/lab/tools/check_calendar`,
              timeoutMs: 5_000,
            },
          ],
        }),
      );
      await phone.untilHeard(/Hello Ada\.$/);
      await phone.untilSilent();
      phone.say('Can you check it?');
      await phone.untilHeard(/I will have a look\..*Friday is free\.$/s);
      await phone.untilSilent();
      phone.hangUp();
      const report = await session.done;
      expect(report.toolCalls).toMatchObject([{ name: 'check_calendar', ok: true }]);
      expect(said(report, 'assistant').slice(2)).toEqual(['One moment, I will have a look.', 'Friday is free.']);
    }));
});

describe('the developer’s own agent', () => {
  const inWorld = (test: (world: SessionWorld) => Promise<void>) => SessionWorld.during({}, test);

  async function greeted(world: SessionWorld, agent: object, options: Partial<Parameters<SessionWorld['call']>[1]> = {}) {
    const call = world.call(world.setup({ agent: { engine: ENGINE, firstMessage: 'Hello Ada.', ...agent } as never }), options);
    await call.phone.untilHeard(/Hello Ada\.$/);
    await call.phone.untilSilent();
    return call;
  }

  it.concurrent('as a webhook gets one signed POST a turn, and its stream is spoken', () =>
    inWorld(async (world) => {
      const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
      const received: IncomingMessage[] = [];
      const server = createServer(async (request, response) => {
        const body = (await buffer(request)).toString('utf8');
        received.push(new Webhook(secret).verify(body, request.headers as Record<string, string>) as IncomingMessage);
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        for (const part of ['You said: ', `${received.at(-1)?.text}`, ' And I am *your* agent.'])
          response.write(`data: ${JSON.stringify({ text: part })}\n\n`);
        response.end('data: [DONE]\n\n');
      });
      const url = await listening(server);
      // The agent's own secret goes before the program's.
      const webhookSecret = `whsec_${Buffer.alloc(24, 8).toString('base64')}`;
      const { phone, session } = await greeted(
        world,
        { engine: { ...(ENGINE as object), onMessage: { url, secret } } },
        { code: { webhookSecret } },
      );
      phone.say('Good morning.');
      await phone.untilHeard(/You said: Good morning\..*your agent\.$/s);
      await phone.untilSilent();
      phone.hangUp();
      const report = await session.done;
      expect(said(report, 'assistant').at(-1)).toBe('You said: Good morning. And I am your agent.');
      expect(received).toMatchObject([
        {
          text: 'Good morning.',
          callId: report.turns.length > 0 ? 'call_00000000000000000000000000000001_1' : '',
          caller: '+15005550001',
          history: [
            { role: 'assistant', text: 'This is an AI.' },
            { role: 'assistant', text: 'Hello Ada.' },
          ],
        },
      ]);
    }));

  it.concurrent('as a socket gets signed messages over one connection a call, and is told when the caller interrupts', () =>
    inWorld(async (world) => {
      const secret = `whsec_${Buffer.alloc(24, 9).toString('base64')}`;
      const server = createServer();
      const sockets = new WebSocketServer({ server });
      const types: string[] = [];
      let upgrades = 0;
      sockets.on('connection', (socket, request) => {
        upgrades++;
        expect(
          new Webhook(secret).sign(
            String(request.headers['webhook-id']),
            new Date(Number(request.headers['webhook-timestamp']) * 1_000),
            '',
          ),
        ).toBe(request.headers['webhook-signature']);
        socket.on('message', (raw) => {
          const { id, timestamp, signature, data } = JSON.parse(raw.toString()) as Record<string, string>;
          const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } as Record<string, string>;
          const message = new Webhook(secret).verify(data as string, headers) as IncomingMessage & { type: string; id: string };
          types.push(message.type);
          if (message.type !== 'message') return;
          const send = (more: object) => socket.send(JSON.stringify({ id: message.id, ...more }));
          send({ type: 'delta', text: `You said: ${message.text} ` });
          send({ type: 'delta', text: /wait/.test(message.text) ? LONG : 'Fine.' });
          // The long one never ends by itself.
          if (!/wait/.test(message.text)) send({ type: 'done' });
        });
      });
      const url = (await listening(server)).replace('http', 'ws');
      // As a program has it that names a URL alone.
      const { phone, session } = await greeted(
        world,
        { engine: { ...(ENGINE as object), onMessage: { url } } },
        { code: { webhookSecret: secret } },
      );
      phone.say('Please wait.');
      await phone.untilHeard(/ten in the morning/);
      phone.say('No, I want to say something else now.');
      await phone.untilHeard(/You said: No.*Fine\.$/s);
      await phone.untilSilent();
      phone.hangUp();
      await session.done;
      expect(types).toEqual(['message', 'cancel', 'message']);
      expect(upgrades).toBe(1);
      sockets.close();
    }));

  it.concurrent('as a function of this process answers in pieces, and may end the call', () =>
    inWorld(async (world) => {
      const onMessage: OnMessage = async function* (message: IncomingMessage, control: MessageControl) {
        yield 'You said ';
        yield `${message.text} Goodbye.`;
        control.call('end_call');
      };
      const { phone, session } = await greeted(world, {}, { code: { onMessage } });
      phone.say('Thank you.');
      await phone.untilHeard(/You said Thank you\. Goodbye\.$/s);
      expect((await session.done).end).toBe('agent_ended');
    }));

  it.concurrent('as a function that returns nothing may end the call without a word', () =>
    inWorld(async (world) => {
      const onMessage: OnMessage = (_message, control) => {
        control.call('end_call');
      };
      const { phone, session } = await greeted(world, {}, { code: { onMessage } });
      phone.say('Goodbye.');
      const report = await session.done;
      expect([report.end, said(report, 'assistant').at(-1)]).toEqual(['agent_ended', 'Hello Ada.']);
    }));

  /** Nothing that counts as words. */
  const hum: PipelineHooks['afterTranscribe'] = (text) => (/^Hm/.test(text) ? null : text);
  const isLoud = (audio: Uint8Array) => audio.some((byte) => (byte & 0x70) !== 0x70);

  it.concurrent('still gets its answer spoken when a tool returned while the caller made a sound without words', () =>
    inWorld(async (world) => {
      let release: () => void = () => undefined;
      let waiting = false;
      let loud = 0;
      const server = createServer((_request, response) => {
        waiting = true;
        release = () => response.end('{"ok":true}');
      });
      const url = await listening(server);
      const hooks: PipelineHooks = {
        afterTranscribe: hum,
        beforeSendToStt: (audio) => {
          // By then it is known that somebody speaks.
          if (waiting && isLoud(audio) && ++loud === 15) release();
          return audio;
        },
      };
      let answer: string | undefined;
      const onMessage: OnMessage = (message, control) => {
        if (message.toolResults) answer = `It answered ${message.toolResults[0]?.result}.`;
        else if (!answer) control.call('look');
        return answer ?? '';
      };
      const tools = [{ name: 'look', description: '', parameters: {}, webhookUrl: url, timeoutMs: 8_000 }];
      const { phone, session } = await greeted(world, { tools, turns: { fillers: { phrases: [] } } }, { code: { onMessage, hooks } });
      phone.say('Please look.');
      await phone.until(() => waiting, 'the tool’s request');
      phone.say('Hm hm hm hm hm hm hm hm hm hm hm hm.');
      await phone.untilHeard(/It answered \{"ok":true\}\.$/);
      await phone.untilSilent();
      phone.hangUp();
      expect(said(await session.done, 'user')).toEqual(['Please look.']);
    }));

  it.concurrent('is asked again for what a long sound without words has cut off', () =>
    inWorld(async (world) => {
      let asked = 0;
      const onMessage: OnMessage = () => (++asked === 1 ? LONG : 'As I said, on Friday.');
      const { phone, session } = await greeted(world, {}, { code: { onMessage, hooks: { afterTranscribe: hum } } });
      phone.say('When is it?');
      await phone.untilHeard(/second floor/);
      phone.say('Hm hm hm hm hm hm hm hm hm hm hm hm hm hm hm hm.');
      await phone.untilHeard(/As I said, on Friday\.$/);
      await phone.untilSilent();
      phone.hangUp();
      const report = await session.done;
      expect(said(report, 'user')).toEqual(['When is it?']);
      expect(report.turns.filter((turn) => turn.interrupted)).toHaveLength(1);
    }));

  it.concurrent('goes through the hooks of each stage, and a hook that throws is skipped', () =>
    inWorld(async (world) => {
      const seen: string[] = [];
      const hooks: PipelineHooks = {
        beforeSendToStt: (audio) => audio,
        afterTranscribe: (text) => {
          seen.push(`heard ${text}`);
          return text.replace('Bob', 'Ada');
        },
        beforeLlm: (messages) => {
          throw new Error(`a hook of ${messages.length} messages`);
        },
        afterLlm: async (sentence) => (/secret/.test(sentence) ? null : sentence),
        beforeSynthesize: (sentence) => sentence.replace('name', 'first name'),
        afterSynthesize: (audio) => audio,
      };
      const onMessage: OnMessage = ({ text }) => `The name I wrote down is ${text} This is the secret part of what I say. That was it.`;
      const { phone, session } = await greeted(world, {}, { code: { onMessage, hooks } });
      phone.say('I am Bob.');
      await phone.untilHeard(/That was it\.$/s);
      await phone.untilSilent();
      phone.hangUp();
      const report = await session.done;
      expect(seen).toEqual(['heard I am Bob.']);
      expect(said(report, 'assistant').at(-1)).toBe('The first name I wrote down is I am Ada. That was it.');
      expect(said(report, 'user')).toEqual(['I am Ada.']);
    }));
});

describe('hooks of a pipeline that change what goes through it', () => {
  /** Both talk at once. */
  let started: Promise<SessionWorld> | undefined;
  const world = () => {
    started ??= SessionWorld.start({
      // Of all that was said since it last spoke, the first that fits.
      brain: [
        { when: 'stop', say: 'I stop.' },
        { when: 'tell me', say: LONG },
      ],
    } as never);
    return started;
  };
  afterAll(async () => (await started)?.stop());

  async function greeted(callId: string, hooks: PipelineHooks) {
    // The lab's record tells the calls apart by their instructions.
    const lab = await world();
    const setup = lab.setup({
      callId,
      agent: { engine: ENGINE, firstMessage: 'Hello Ada.', systemPrompt: `You are ${callId}.` } as never,
    });
    const call = lab.call(setup, { code: { hooks } });
    await call.phone.untilHeard(/Hello Ada\.$/, 30_000);
    await call.phone.untilSilent();
    return call;
  }

  /** As the model was asked in this call: roles and texts after the instructions. */
  async function asked(callId: string): Promise<string[][]> {
    const chats = ((await (await world()).ledger()).notes.chat ?? []) as (ChatEntry & { messages: { role: string; content: string }[] })[];
    return chats
      .map(({ messages }) => messages.map(({ role, content }) => `${role}: ${content}`))
      .filter(([instructions]) => instructions?.includes(`You are ${callId}.`))
      .map(([, ...rest]) => rest);
  }

  it.concurrent('the recogniser hears, the model is asked, and the caller hears, what they give back', async () => {
    const other = encodeMulaw(modulate('Please tell me.', { sampleRate: 8000, baud: BAUD }));
    let at = -1;
    const loudest = (mulaw: Uint8Array) => Math.max(...decodeMulaw(mulaw).map(Math.abs));
    const hooks: PipelineHooks = {
      // From the caller's first sound on somebody else's words.
      beforeSendToStt: async (mulaw) => {
        if (at < 0 && loudest(mulaw) > 1_000) at = 0;
        const frame = new Uint8Array(mulaw.length).fill(MULAW_SILENCE);
        if (at >= 0) {
          frame.set(other.subarray(at, at + mulaw.length));
          at += mulaw.length;
        }
        return frame;
      },
      beforeLlm: (messages) =>
        messages.map((each) => (each.role === 'user' ? { role: 'user', text: each.text.replace('tell me', 'stop') } : each)),
      afterSynthesize: async (mulaw) => encodeMulaw(decodeMulaw(mulaw).map((sample) => sample / 2)),
    };
    const { phone, session } = await greeted('changed', hooks);
    let loudestHeard = 0;
    const send = phone.sendAudio.bind(phone);
    phone.sendAudio = (mulaw) => {
      loudestHeard = Math.max(loudestHeard, loudest(mulaw));
      send(mulaw);
    };
    phone.say('What?');
    await phone.untilHeard(/I stop\.$/, 30_000);
    await phone.untilSilent();
    phone.hangUp();
    const report = await session.done;
    expect(said(report, 'user')).toEqual(['Please tell me.']);
    expect(said(report, 'assistant').slice(-2)).toEqual(['Hello Ada.', 'I stop.']);
    expect((await asked('changed')).map((messages) => messages.at(-1))).toEqual(['user: Please stop.']);
    // The modem of the lab speaks at one loudness.
    expect(loudestHeard).toBeGreaterThan(1_000);
    expect(loudestHeard).toBeLessThan(0.6 * Math.max(...modulate('I stop.', { sampleRate: 8000, baud: BAUD }).map(Math.abs)));
  });

  it.concurrent('null: the model is not asked, nothing is said, and the next turn is answered as ever', async () => {
    const turns: string[] = [];
    const hooks: PipelineHooks = {
      beforeLlm: (messages) => {
        const last = messages.at(-1);
        turns.push((last && 'text' in last && last.text) || '');
        return /tell me/.test(turns.at(-1) ?? '') ? null : messages;
      },
    };
    const { phone, session } = await greeted('silent', hooks);
    phone.say('Please tell me.');
    await phone.until(() => turns.length > 0, 'the first question');
    phone.say('Please stop.');
    await phone.untilHeard(/I stop\.$/, 30_000);
    await phone.untilSilent();
    phone.hangUp();
    const report = await session.done;
    expect(turns).toEqual(['Please tell me.', 'Please stop.']);
    expect((await asked('silent')).map((messages) => messages.at(-1))).toEqual(['user: Please stop.']);
    expect(clean(phone.heard)).toBe('This is an AI.Hello Ada.I stop.');
    expect(said(report, 'user')).toEqual(['Please tell me.', 'Please stop.']);
    expect(report.error).toBeUndefined();
  });
});

describe('vendors of a pipeline that fail in the middle of a call', () => {
  const inWorld = (test: (world: SessionWorld) => Promise<void>) =>
    SessionWorld.during(
      {
        brain: [
          { when: 'tell me', say: LONG },
          { when: 'so far', say: 'Yes, so far.' },
        ],
      } as never,
      test,
    );

  async function greeted(world: SessionWorld) {
    const call = world.call(world.setup({ agent: { engine: ENGINE, firstMessage: 'Hello Ada.' } as never }));
    await call.phone.untilHeard(/Hello Ada\.$/);
    await call.phone.untilSilent();
    return call;
  }

  it.concurrent('asks the model again when it fails before its first word', () =>
    inWorld(async (world) => {
      const { phone, session } = await greeted(world);
      await world.fault({ kind: 'provider_error', event: 'chat', status: 503, count: 1 });
      phone.say('Please tell me.');
      await phone.untilHeard(/Is that right\?$/);
      phone.hangUp();
      expect(said(await session.done, 'assistant').at(-1)).toContain('Your appointment');
    }));

  it.concurrent('opens the recogniser again when its socket breaks, and misses no turn', () =>
    inWorld(async (world) => {
      // In the middle of the greeting, and with it of what the caller might say.
      await world.fault({ kind: 'provider_drop', event: 'deepgram', count: 1, afterMs: 1_200 });
      const { phone, session } = await greeted(world);
      phone.say('Please tell me.');
      await phone.untilHeard(/Is that right\?$/);
      await phone.untilSilent();
      phone.say('And so far?');
      await phone.untilHeard(/Yes, so far\.$/);
      phone.hangUp();
      const report = await session.done;
      expect(report.error).toBeUndefined();
      expect(said(report, 'user')).toEqual(['Please tell me.', 'And so far?']);
      const sockets = ((await world.ledger()).notes.deepgram ?? []) as DeepgramEntry[];
      expect(sockets).toHaveLength(2);
      expect(sockets[0]?.closedBy).toBe('fault');
    }));

  it.concurrent('asks the voice again for the sentence that it could not speak, and says nothing twice', () =>
    inWorld(async (world) => {
      const { phone, session } = await greeted(world);
      // The package tries each request twice.
      await world.fault({ kind: 'provider_error', event: 'speech', status: 503, count: 2 });
      phone.say('Please tell me.');
      await phone.untilHeard(/Is that right\?$/);
      await phone.untilSilent();
      phone.hangUp();
      const report = await session.done;
      expect(said(report, 'assistant').at(-1)).toBe(LONG);
      expect(clean(phone.heard)).toBe(`This is an AI.Hello Ada.${LONG}`);
    }));
});
