import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isPatterError } from '../../contracts/errors';
import { loadAgentFile } from '../calls/load-agent-file';
import { loadLineFile } from '../lines/load-line-file';
import { type FileProblem, loadCampaignFile, parseCampaign } from './load-campaign-file';

const VALID = `name: reminder
from: ["+15005550006"]
agent:
  engine: { type: openai-realtime }
  systemPrompt: Say hello to {first_name}.
`;

function problemsOf(text: string, env: Record<string, string> = {}): FileProblem[] {
  try {
    parseCampaign(text, 'campaign.yaml', env);
  } catch (error) {
    if (!isPatterError(error, 'PATTER_CAMPAIGN_FILE_INVALID')) throw error;
    return error.details.problems as FileProblem[];
  }
  return [];
}

test('a file with the required fields has defaults for all others', () => {
  expect(parseCampaign(VALID)).toMatchObject({ carrier: 'twilio', retry: { maxAttempts: 3, busy: 900_000 }, window: { start: '08:00' } });
});

test('every problem is told at once, each with its field and its line', () => {
  const text = `${VALID}dialing:
  cps: 0
  ringTimeout: soon
retry: { maxAttempts: many }
windw: {}
`;
  expect(problemsOf(text)).toEqual([
    expect.objectContaining({ field: 'dialing.cps', line: 7 }),
    expect.objectContaining({ field: 'dialing.ringTimeout', line: 8, message: expect.stringContaining('soon') }),
    expect.objectContaining({ field: 'retry.maxAttempts', line: 9 }),
    expect.objectContaining({ field: 'windw', line: 10, message: 'there is no such field' }),
  ]);
});

test('a missing field is told at the part that misses it', () => {
  const text = VALID.replace('  systemPrompt: Say hello to {first_name}.\n', '');
  expect(problemsOf(text)).toEqual([{ field: 'agent.systemPrompt', line: 3, message: 'is required' }]);
});

test('a number that YAML has read as such is told to be quoted', () => {
  expect(problemsOf(VALID.replace('["+15005550006"]', '[+15005550006]'))).toEqual([
    expect.objectContaining({ field: 'from.0', line: 2, message: expect.stringContaining('quotes') }),
  ]);
});

test('an unknown field within a tool names the tool and the line', () => {
  const text = `${VALID}  tools:
    - name: book
      webhookUrl: https://example.com/book
    - name: confirm
      webhookUrl: https://example.com/confirm
      metod: POST
`;
  expect(problemsOf(text)).toEqual([{ field: 'agent.tools.1.metod', line: 11, message: 'there is no such field' }]);
});

test('a tool with the name of a built-in one, or of another, is refused', () => {
  const tool = (name: string) => `    - { name: ${name}, webhookUrl: https://example.com/x }\n`;
  const found = problemsOf(`${VALID}  tools:\n${tool('end_call')}${tool('book')}${tool('book')}`);
  expect(found.map(({ field, line }) => ({ field, line }))).toEqual([
    { field: 'agent.tools.0.name', line: 7 },
    { field: 'agent.tools.2.name', line: 9 },
  ]);
});

test('a campaign has a key that opts out, and a whisper belongs to a warm transfer', () => {
  expect(parseCampaign(VALID).agent.optOutKey).toBe('9');
  expect(problemsOf(`${VALID}  optOutKey: null\n`)).toEqual([
    { field: 'agent.optOutKey', line: 6, message: expect.stringContaining('leave it out (9)') },
  ]);
  const whispering = (mode: string) => problemsOf(`${VALID}transfer:\n  to: ["+15005550009"]\n  mode: ${mode}\n  whisper: Acme.\n`);
  expect(whispering('warm')).toEqual([]);
  expect(whispering('cold')).toEqual([{ field: 'transfer.whisper', line: 9, message: expect.stringContaining('set mode to warm') }]);
});

test('text that is no YAML is told with its line', () => {
  expect(problemsOf(`${VALID}dialing: { cps: 1\nretry: 3\n`)[0]).toMatchObject({ line: expect.any(Number) });
  expect(problemsOf(`${VALID}name: again\n`)[0]).toMatchObject({ line: 6 });
});

test('an empty file asks for what is required', () => {
  expect(problemsOf('').map(({ field }) => field)).toEqual(['name', 'from', 'agent']);
});

test.each([
  ['2026-12-01T18:00:00Z', { at: '2026-12-01T18:00:00.000Z' }],
  ['2026-12-01T18:00:00+02:00', { at: '2026-12-01T16:00:00.000Z' }],
  ['8h', { afterMs: 28_800_000 }],
])('until may be %s', (until, expected) => {
  expect(parseCampaign(`${VALID}until: ${until}\n`).until).toEqual(expected);
});

test('an until that is neither is explained', () => {
  expect(problemsOf(`${VALID}until: tomorrow\n`)).toEqual([
    expect.objectContaining({ field: 'until', line: 6, message: expect.stringContaining('duration (8h)') }),
  ]);
});

test('values come from the environment, and a missing one is told with its line', () => {
  const text = `${VALID}postCall:\n  webhooks:\n    - url: \${CRM}/calls\n      secret: \${SECRET}\n`;
  expect(parseCampaign(text, 'c.yaml', { CRM: 'https://crm.example.com', SECRET: 'whsec_abc' }).postCall.webhooks).toEqual([
    { url: 'https://crm.example.com/calls', secret: 'whsec_abc' },
  ]);
  const found = problemsOf(text, { CRM: 'https://crm.example.com' });
  expect(found).toContainEqual({ field: '', line: 9, message: expect.stringContaining('SECRET') });
});

describe('files of a working directory that has a .env', () => {
  const before = process.cwd();
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'patter-files-'));
    process.chdir(folder);
  });
  afterEach(() => {
    process.chdir(before);
    rmSync(folder, { recursive: true });
    delete process.env.PATTER_TEST_IN_BOTH;
  });

  test('take values from it, and the environment goes over it', async () => {
    writeFileSync('.env', 'PATTER_TEST_PROMPT=Be kind.\nPATTER_TEST_IN_BOTH=of the file\n');
    process.env.PATTER_TEST_IN_BOTH = 'of the environment';
    const agent = `agent:\n  engine: { type: openai-realtime }\n  systemPrompt: \${PATTER_TEST_PROMPT}\n  firstMessage: \${PATTER_TEST_IN_BOTH}\n`;
    writeFileSync('campaign.yaml', `name: c\nfrom: ["+15005550006"]\n${agent}`);
    writeFileSync('line.yaml', `name: l\nnumber: "+15005550006"\n${agent}`);
    writeFileSync('agent.yaml', agent);
    const files = [await loadCampaignFile('campaign.yaml'), await loadLineFile('line.yaml'), await loadAgentFile('agent.yaml')];
    for (const file of files) expect(file.agent).toMatchObject({ systemPrompt: 'Be kind.', firstMessage: 'of the environment' });
  });
});

test('a time zone that does not exist is refused', () => {
  expect(problemsOf(`${VALID}compliance: { defaultTimezone: Mars/Olympus }\n`)).toEqual([
    expect.objectContaining({ field: 'compliance.defaultTimezone', line: 6 }),
  ]);
});
