import pino from 'pino';
import { systemClock } from '../../../contracts/clock';
import { mcpServerSchema } from '../../../contracts/tool';
import { startMcpServer, type TestMcpServer } from '../../../test/support/mcp-server';
import { CallMcp } from './call-mcp';
import { McpServers } from './mcp-servers';

const object = (properties: Record<string, object> = {}) => ({ type: 'object' as const, properties });
const TOOLS = [
  { name: 'look.up', description: 'Looks up.', inputSchema: object({ day: { type: 'string' } }) },
  { name: 'fail', inputSchema: object() },
  { name: 'hang', inputSchema: object() },
  { name: 'secret', inputSchema: object() },
];
const text = (of: string, isError = false) => ({ content: [{ type: 'text' as const, text: of }], isError });

describe.each(['http', 'sse'] as const)('an MCP server over %s', (transport) => {
  let server: TestMcpServer;
  const calls: CallMcp[] = [];
  beforeAll(async () => {
    server = await startMcpServer(
      TOOLS,
      (name, args) => {
        if (name === 'hang') return new Promise(() => undefined);
        if (name === 'fail') return text('the calendar is away', true);
        return text(`free: ${JSON.stringify(args)}`);
      },
      { transport },
    );
  });
  afterEach(() => {
    for (const call of calls.splice(0)) call.dispose();
  });
  afterAll(() => server.stop());

  const spec = (over: object = {}) =>
    mcpServerSchema.parse({ name: 'cal', url: server.url, headers: { authorization: 'Bearer k' }, ...over });

  async function open(shared = new McpServers(), over: object = {}, allowPrivate = true): Promise<CallMcp> {
    const call = new CallMcp([spec(over)], shared, { allowPrivate, clock: systemClock, log: pino({ enabled: false }) });
    calls.push(call);
    if (call.tools.length === 0) await new Promise<void>((resolve) => call.onChanged(resolve));
    return call;
  }

  it('gives its tools under its own name, those that the agent may use', async () => {
    const call = await open(undefined, { tools: ['look.up', 'fail'] });
    expect(call.tools).toMatchObject([
      { name: 'cal__look_up', description: 'Looks up.', parameters: { type: 'object', properties: { day: { type: 'string' } } } },
      { name: 'cal__fail' },
    ]);
    expect(call.find('cal__secret')).toBeUndefined();
    expect(server.headers.every(({ authorization }) => authorization === 'Bearer k')).toBe(true);
  });

  it('is asked for them once by the calls of a gateway', async () => {
    const before = server.lists;
    const shared = new McpServers();
    await Promise.all([open(shared), open(shared)]);
    expect((await open(shared)).tools).toHaveLength(4);
    expect(server.lists - before).toBe(1);
  });

  it('answers a call, and what its tool calls an error is one', async () => {
    const call = await open();
    const { signal } = new AbortController();
    expect(await call.find('cal__look_up')?.call({ day: 'Friday' }, signal)).toEqual({ output: 'free: {"day":"Friday"}', ok: true });
    expect(server.calls.at(-1)).toEqual({ name: 'look.up', arguments: { day: 'Friday' } });
    expect(await call.find('cal__fail')?.call({}, signal)).toEqual({ output: 'the calendar is away', ok: false });
  });

  it('is told when a session is over, where the transport has one', async () => {
    if (transport === 'sse') return;
    const call = await open();
    await call.find('cal__look_up')?.call({}, new AbortController().signal);
    const before = server.ended;
    call.dispose();
    for (let look = 0; look < 200 && server.ended === before; look++) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(server.ended).toBeGreaterThan(before);
  });

  it('peer defect 3: that does not answer is answered for at its deadline', async () => {
    // Its tools are known already: the deadline is the call's, not the list's.
    const shared = new McpServers();
    await open(shared);
    const call = await open(shared, { timeoutMs: 300 });
    const { signal } = new AbortController();
    expect(await call.find('cal__hang')?.call({}, signal)).toMatchObject({
      ok: false,
      output: expect.stringContaining('no answer within 300 ms'),
    });
  });

  it('that is away, or may not be asked, costs a call its tools and nothing else', async () => {
    const shared = new McpServers();
    const told: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => void told.push(line) });
    const deps = { allowPrivate: false, clock: systemClock, log };
    const forbidden = new CallMcp([spec()], shared, deps);
    const away = new CallMcp([spec({ url: 'http://127.0.0.1:9/mcp' })], shared, { ...deps, allowPrivate: true });
    calls.push(forbidden, away);
    const before = server.headers.length;
    await expect(shared.list(spec(), false, systemClock.monotonic())).rejects.toMatchObject({ code: 'PATTER_URL_FORBIDDEN' });
    await expect(shared.list(spec({ url: 'http://127.0.0.1:9/mcp' }), true, systemClock.monotonic())).rejects.toThrow();
    expect([forbidden.tools, away.tools]).toEqual([[], []]);
    expect(server.headers).toHaveLength(before);
    expect(told.join('')).toMatch(/the call goes on without/);
    expect(told.join('')).not.toMatch(/Bearer/);
  });
});
