import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { toolSchema } from '../../contracts/agent';
import type { ChatEntry } from '../../lab/openai/ledger-entry';
import { SessionWorld, said } from './session-phone';

describe('several tools of one answer', () => {
  it.concurrent.each([
    ['openai-realtime', { engine: { type: 'openai-realtime', silenceMs: 300 } }],
    ['pipeline', { engine: { type: 'pipeline', stt: { provider: 'deepgram', endpointingMs: 300 } } }],
  ] as const)('run side by side, and the model goes on once, when all have answered (%s)', async (engine, more) => {
    const world = await SessionWorld.start({
      brain: [
        {
          when: 'book both',
          call: [
            { tool: 'room', args: { n: 1 } },
            { tool: 'table', args: { n: 2 } },
          ],
          thenSay: 'Both are booked.',
        },
        { when: 'really', say: 'Yes, really.' },
      ],
    } as never);
    // Neither answers before the other has been asked.
    const waiting: ServerResponse[] = [];
    const paths: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      paths.push(request.url);
      if (waiting.push(response) === 2) for (const each of waiting) each.end(`{"ok":true}`);
    });
    try {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const tools = ['room', 'table'].map((name) =>
        toolSchema.parse({ name, description: 'Books.', webhookUrl: `${url}/${name}`, timeoutMs: 20_000 }),
      );
      const { phone, session } = world.call(world.setup({ agent: { ...more, firstMessage: 'Hello.', tools } as never }));
      await phone.untilHeard(/Hello\.$/, 30_000);
      await phone.untilSilent();
      phone.say('Please book both.');
      await phone.untilHeard(/Both are booked\.$/, 30_000);
      await phone.untilSilent();
      // Whatever came twice would come before this.
      phone.say('Really?');
      await phone.untilHeard(/Yes, really\.$/, 30_000);
      phone.hangUp();
      const report = await session.done;
      expect(paths.sort()).toEqual(['/room', '/table']);
      expect(report.toolCalls.map(({ name, arguments: given, ok }) => [name, given, ok]).sort()).toEqual([
        ['room', '{"n":1}', true],
        ['table', '{"n":2}', true],
      ]);
      const spoken = said(report, 'assistant').filter((text) => /booked/.test(text));
      expect(spoken).toEqual(['Both are booked.']);
      if (engine === 'pipeline') {
        const chats = ((await world.ledger()).notes.chat ?? []) as ChatEntry[];
        // The wish, what follows from both, and the next turn.
        expect(chats.map((chat) => chat.said)).toEqual(['', 'Both are booked.', 'Yes, really.']);
        expect(chats[0]?.toolCalls.map(({ name }) => name)).toEqual(['room', 'table']);
      } else {
        const [vendor] = await world.realtime();
        expect(vendor?.said.map(({ text }) => text)).toEqual(['Both are booked.', 'Yes, really.']);
        expect(vendor?.toolCalls.map(({ name, output }) => [name, output])).toEqual([
          ['room', '{"ok":true}'],
          ['table', '{"ok":true}'],
        ]);
        expect(vendor?.errors).toEqual([]);
      }
    } finally {
      server.closeAllConnections();
      server.close();
      await world.stop();
    }
  });
});

describe('tools and vendors that fail', () => {
  /** Each in a world of its own, side by side: they do little but wait for what is said. */
  const inWorld = (test: (world: SessionWorld) => Promise<void>) =>
    SessionWorld.during(
      {
        brain: [{ when: 'book it', call: { tool: 'confirm', args: { day: 'Friday' } }, thenSay: 'It is booked.' }],
        tools: { confirm: { ok: true, room: 12 } },
      },
      test,
    );

  const tool = (world: SessionWorld, overrides: Partial<Parameters<typeof toolSchema.parse>[0] & object> = {}) =>
    toolSchema.parse({ name: 'confirm', description: 'Books.', webhookUrl: `${world.url}/lab/tools/confirm`, ...overrides });

  async function booking(world: SessionWorld, toolOverrides: object = {}) {
    const call = world.call(world.setup({ agent: { firstMessage: 'Hello.', tools: [tool(world, toolOverrides)] } }));
    await call.phone.untilHeard(/Hello\.$/);
    await call.phone.untilSilent();
    call.phone.say('Please book it.');
    return call;
  }

  it.concurrent('peer defect 3: asks the webhook of a tool, and the model goes on from its answer', () =>
    inWorld(async (world) => {
      const { phone, session } = await booking(world);
      await phone.untilHeard(/It is booked\.$/);
      phone.hangUp();
      const report = await session.done;
      expect(report.toolCalls).toEqual([
        expect.objectContaining({ name: 'confirm', arguments: '{"day":"Friday"}', result: '{"ok":true,"room":12}', ok: true }),
      ]);
      const [vendor] = await world.realtime();
      expect(vendor?.toolCalls[0]?.output).toBe('{"ok":true,"room":12}');
    }));

  it.concurrent('tries a webhook three times, with one key', () =>
    inWorld(async (world) => {
      await world.fault({ kind: 'tool_fail', event: 'confirm', status: 503, count: 2 });
      const { phone, session } = await booking(world);
      await phone.untilHeard(/It is booked\.$/);
      phone.hangUp();
      expect((await session.done).toolCalls).toEqual([expect.objectContaining({ ok: true })]);
    }));

  it.concurrent('peer defect 3: the model always gets an answer, also when the tool has none by its deadline', () =>
    inWorld(async (world) => {
      const { phone, session } = await booking(world, { webhookUrl: 'http://127.0.0.1:9/nobody', timeoutMs: 300 });
      await phone.untilHeard(/It is booked\.$/);
      phone.hangUp();
      const report = await session.done;
      expect(report.toolCalls).toEqual([expect.objectContaining({ ok: false, result: expect.stringContaining('error') })]);
      const [vendor] = await world.realtime();
      expect(vendor?.toolCalls[0]?.output).toMatch(/error/);
    }));

  it.concurrent('connects again with the history when the vendor drops the socket in the middle of a sentence', () =>
    inWorld(async (world) => {
      const { phone, session } = world.call();
      await phone.untilHeard(/come on Friday\?$/);
      await phone.untilSilent();
      await world.fault({ kind: 'provider_drop', afterMs: 200, count: 1 });
      phone.say('Yes.');
      // The sentence is begun anew on the second socket, which knows what was asked and answered.
      await phone.untilHeard(/anything else I can do for you\?$/);
      phone.hangUp();
      const report = await session.done;
      const vendors = await world.realtime();
      expect(vendors).toHaveLength(2);
      expect(vendors[1]?.errors).toEqual([]);
      expect(said(report, 'user')).toEqual(['Yes.']);
    }));

  it.concurrent('apologises and ends when no vendor can be had, instead of leaving the caller in silence', () =>
    inWorld(async (world) => {
      const { phone, session } = world.call();
      await phone.untilHeard(/come on Friday\?$/);
      await phone.untilSilent(600);
      await world.fault({ kind: 'provider_drop', afterMs: 200, count: 1 });
      await world.fault({ kind: 'provider_refuse' });
      phone.say('Yes.');
      const report = await session.done;
      expect(report.end).toBe('provider_failed');
      expect(phone.heard).toMatch(/technical problem/);
    }));

  // Five calls by itself: not beside the others.
  it('peer defect 7: concurrent calls hear and say only their own', () =>
    inWorld(async (world) => {
      const names = ['Ada', 'Ben', 'Cleo', 'Dan', 'Eve'];
      const calls = names.map((name) =>
        world.call(
          world.setup({
            callId: `call_${name}`,
            agent: { systemPrompt: `You call ${name}.`, firstMessage: `Hi ${name}. Are you ${name}?` },
          }),
        ),
      );
      await Promise.all(
        calls.map(async ({ phone }, i) => {
          await phone.untilHeard(new RegExp(`Are you ${names[i]}\\?$`), 30_000);
          await phone.untilSilent();
          phone.say(`What? I am ${names[i]}, repeat that.`);
          await phone.untilHeard(new RegExp(`Are you ${names[i]}\\?.*Are you ${names[i]}\\?$`), 30_000);
          phone.hangUp();
        }),
      );
      for (const [i, { session, phone }] of calls.entries()) {
        const report = await session.done;
        expect(said(report, 'user')).toEqual([`What? I am ${names[i]}, repeat that.`]);
        for (const other of names) if (other !== names[i]) expect(phone.heard).not.toContain(other);
      }
    }));
});
