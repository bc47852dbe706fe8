import { campaignFileSchema } from '../../contracts/campaign';
import { loadConfig } from '../../runtime/config';
import { forbiddenUrls } from './forbidden-urls';

const spec = campaignFileSchema.parse({
  name: 'a',
  from: ['+15005550006'],
  agent: {
    engine: { type: 'openai-realtime' },
    systemPrompt: 'x',
    tools: [
      { name: 'near', webhookUrl: 'http://localhost:3000/tool' },
      { name: 'far', webhookUrl: 'https://api.example.com/tool' },
    ],
  },
  postCall: { webhooks: [{ url: 'https://example.com' }, { url: 'http://10.0.0.1/crm?token=t' }] },
});

test('URLs that will be refused are told before the first call, without their secrets', () => {
  expect(forbiddenUrls(spec, loadConfig({}, '/nowhere'))).toEqual([
    expect.stringMatching(/^The tool near is at localhost:3000,/),
    expect.stringMatching(/^Webhook 2 is at 10\.0\.0\.1,/),
  ]);
});

test('the address of an agent of one’s own is one of them', () => {
  const engine = { type: 'pipeline', onMessage: { url: 'wss://10.0.0.2/agent' } };
  const own = campaignFileSchema.parse({ name: 'a', from: ['+15005550006'], agent: { engine, systemPrompt: 'x' } });
  expect(forbiddenUrls(own, loadConfig({}, '/nowhere'))).toEqual([expect.stringMatching(/^The onMessage of the agent is at 10\.0\.0\.2,/)]);
});

test('nothing is told where they are allowed', () => {
  expect(forbiddenUrls(spec, loadConfig({ PATTER_ALLOW_PRIVATE_WEBHOOKS: 'true' }, '/nowhere'))).toEqual([]);
  expect(forbiddenUrls(spec, loadConfig({ TWILIO_BASE_URL: 'http://127.0.0.1:1' }, '/nowhere'))).toEqual([]);
});

test('an MCP server is one of them, and a tool without a URL is none', () => {
  const spec = campaignFileSchema.parse({
    name: 'a',
    from: ['+15005550006'],
    agent: {
      engine: { type: 'openai-realtime' },
      systemPrompt: 'x',
      code: 'shop/desk',
      tools: [{ name: 'book', handler: true }],
      mcp: [{ name: 'cal', url: 'http://192.168.1.2/mcp' }],
    },
  });
  expect(forbiddenUrls(spec, loadConfig({}, '/nowhere'))).toEqual([expect.stringMatching(/^The MCP server cal is at 192\.168\.1\.2,/)]);
});
