/** Where a tool of the model leads, in whole conversations: functions of the process, MCP servers, the call's workflow, a machine's mailbox. */
import { pressedNote } from '../../media-gateway/session/instructions';
import type { CallSessionOptions } from '../../media-gateway/session/ports';
import { builtInTools } from '../../media-gateway/tools/built-in';
import { startMcpServer } from '../support/mcp-server';
import { SessionWorld, said } from './session-phone';

const OPENAI = { type: 'openai-realtime', silenceMs: 300 };
const PIPELINE = { type: 'pipeline', stt: { provider: 'deepgram', endpointingMs: 300 } };
const ENGINES = [
  ['openai-realtime', OPENAI],
  ['pipeline', PIPELINE],
] as const;
const MESSAGE = 'This is Acme for Ada. Please call us back.';
const DAY = { type: 'object' as const, properties: { day: { type: 'string' } } };

let world: SessionWorld;
beforeEach(async () => {
  world = await SessionWorld.start({
    brain: [
      { when: 'book it', call: { tool: 'book', args: { day: 'Friday' } }, thenSay: 'It is booked.' },
      { when: 'look it up', call: { tool: 'cal__look_up', args: { day: 'Friday' } }, thenSay: 'Friday is free.' },
      { when: 'which you called with', say: 'Your room is twelve.' },
      { when: 'not available', call: { tool: 'leave_voicemail', args: {} } },
    ],
  });
});
afterEach(() => world.stop());

async function greeted(agent: object, options: Partial<CallSessionOptions> = {}, setup: object = {}) {
  const call = world.call(world.setup({ ...setup, agent: { firstMessage: 'Hello.', ...agent } as never }), options);
  await call.phone.untilHeard(/Hello\.$/);
  await call.phone.untilSilent();
  return call;
}

const BOOK = { name: 'book', description: 'Books.', parameters: DAY, handler: true as const, durable: false, timeoutMs: 5_000 };

it.each(ENGINES)(
  'peer defect 3: a function of the process is a tool of %s, and the model goes on from what it returns',
  async (_name, engine) => {
    const asked: unknown[] = [];
    const book = (args: unknown) => {
      asked.push(args);
      return { room: 12 };
    };
    const { phone, session } = await greeted({ engine, tools: [BOOK], code: 'shop/desk' }, { code: { tools: { book } } });
    phone.say('Please book it.');
    await phone.untilHeard(/It is booked\.$/);
    phone.hangUp();
    expect((await session.done).toolCalls).toMatchObject([
      { name: 'book', arguments: '{"day":"Friday"}', result: '{"room":12}', ok: true },
    ]);
    expect(asked).toEqual([{ day: 'Friday' }]);
  },
);

it.each(ENGINES.slice(0, process.env.PATTER_TEST_MATRIX === 'full' ? 2 : 1))(
  'the tools of an MCP server are tools of %s, although its list came after the vendor had been asked for',
  async (_name, engine) => {
    const server = await startMcpServer([{ name: 'look_up', inputSchema: DAY }], () => ({ content: [{ type: 'text', text: 'free' }] }));
    try {
      const dead = { name: 'dead', url: 'http://127.0.0.1:9/mcp' };
      const { phone, session } = await greeted({ engine, mcp: [{ name: 'cal', url: server.url }, dead] });
      phone.say('Please look it up.');
      await phone.untilHeard(/Friday is free\.$/);
      phone.hangUp();
      expect((await session.done).toolCalls).toMatchObject([{ name: 'cal__look_up', result: 'free', ok: true }]);
      expect(server.calls).toEqual([{ name: 'look_up', arguments: { day: 'Friday' } }]);
    } finally {
      await server.stop();
    }
  },
);

it('a durable tool that outlived its gateway: the model of the next one learns the answer, and it is not asked for again', async () => {
  const keys: string[] = [];
  const open = { key: 'book.1234.1', name: 'book', arguments: '{"day":"Friday"}' };
  let answer: (result: { output: string; ok: boolean }) => void = () => undefined;
  const durable: CallSessionOptions['durable'] = ({ key }) => {
    keys.push(key);
    return new Promise((resolve) => {
      answer = resolve;
    });
  };
  const setup = world.setup({ agent: { tools: [{ ...BOOK, durable: true }], code: 'shop/desk' } as never });
  const history = [
    { role: 'assistant' as const, text: 'Can you come on Friday?', at: Date.now() - 10_000 },
    { role: 'user' as const, text: 'Let me think.', at: Date.now() - 8_000 },
  ];
  const { phone, session } = world.call(setup, { history, openTools: [open], durable });
  await phone.untilHeard(/\w/);
  await phone.untilSilent();
  answer({ output: '{"room":12}', ok: true });
  await phone.untilHeard(/Your room is twelve\.$/);
  phone.hangUp();
  expect((await session.done).toolCalls).toMatchObject([{ id: open.key, name: 'book', result: '{"room":12}', ok: true }]);
  expect(keys).toEqual([open.key]);
});

describe('leave_voicemail', () => {
  it('leaves the message where the model noticed the machine, and the workflow hears of it', async () => {
    const { phone, session, events } = await greeted({ engine: OPENAI }, {}, { voicemailMessage: MESSAGE });
    phone.say('Ada is not available.');
    const report = await session.done;
    expect(report).toMatchObject({ end: 'voicemail_left', toolCalls: [{ name: 'leave_voicemail', ok: true }] });
    expect(phone.heard.endsWith(MESSAGE)).toBe(true);
    expect(events).toContainEqual({ kind: 'machine_suspected', evidence: 'transcript', text: 'Ada is not available.' });
    expect(said(report, 'assistant').at(-1)).toBe(MESSAGE);
  });

  it('ends the call where there is no message', async () => {
    const { phone, session } = await greeted({ engine: OPENAI });
    phone.say('Ada is not available.');
    expect(await session.done).toMatchObject({ end: 'voicemail_skipped', toolCalls: [{ name: 'leave_voicemail', ok: true }] });
  });

  it('is no tool of a call that came in', () => {
    const names = (direction: 'inbound' | 'outbound') => builtInTools(world.setup({ direction })).map(({ name }) => name);
    expect(names('outbound')).toContain('leave_voicemail');
    expect(names('inbound')).not.toContain('leave_voicemail');
    expect(names('inbound')).toContain('send_dtmf');
  });
});

test('what the model reads of its keys names the tool as it knows it', () => {
  expect(pressedNote({ digits: '12', sent: true })).toBe('[send_dtmf: the keys 12 have been pressed]');
});
