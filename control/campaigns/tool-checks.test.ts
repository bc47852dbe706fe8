import { agentSchema } from '../../contracts/agent';
import { toolChecks } from './load-campaign-file';

const agent = (more: object) => ({ engine: { type: 'openai-realtime' }, systemPrompt: 'x', ...more });
const url = 'https://api.example.com/tool';

describe('the tools of an agent', () => {
  it.each<[string, object, RegExp]>([
    ['neither a URL nor a function', { tools: [{ name: 'book' }] }, /exactly one of webhookUrl and handler/],
    ['both', { code: 'shop/desk', tools: [{ name: 'book', webhookUrl: url, handler: true }] }, /exactly one of webhookUrl and handler/],
    [
      'a function of no process',
      { tools: [{ name: 'book', handler: true }] },
      /"book" is a function of a process, and the agent's `code` does not say of which/,
    ],
    [
      'a secret for nothing',
      { code: 'shop/desk', tools: [{ name: 'book', handler: true, secret: 'whsec_YQ==' }] },
      /only the requests of a webhookUrl are signed/,
    ],
    [
      'two servers of one name',
      {
        mcp: [
          { name: 'cal', url },
          { name: 'cal', url },
        ],
      },
      /two MCP servers are called "cal"/,
    ],
    ['a server that is a command', { mcp: [{ name: 'cal', url: 'file:///bin/sh' }] }, /URL/],
  ])('are refused with %s', (_what, more, told) => {
    const parsed = agentSchema.safeParse(agent(more));
    expect(parsed.error?.issues.map(({ message }) => message).join()).toMatch(told);
  });

  it('are told apart where the model could not: built-in names, and the names of a server’s tools', () => {
    const spec = agentSchema.parse(
      agent({ mcp: [{ name: 'cal', url }], tools: ['send_dtmf', 'cal__look_up', 'book'].map((name) => ({ name, webhookUrl: url })) }),
    );
    expect(toolChecks(spec).map(({ path }) => path)).toEqual([
      ['agent', 'tools', 0, 'name'],
      ['agent', 'tools', 1, 'name'],
    ]);
  });

  it('have schemas that are some', () => {
    const spec = agentSchema.parse(agent({ tools: [{ name: 'book', webhookUrl: url, parameters: { type: 'objekt' } }] }));
    expect(toolChecks(spec)).toMatchObject([
      { path: ['agent', 'tools', 0, 'parameters'], message: expect.stringMatching(/^not a JSON Schema/) },
    ]);
  });
});
