import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { agentSchema } from '../../contracts/agent';
import type { CallEndEvent } from '../options/events';
import { eventsOf } from './events';
import type { CallFacts } from './facts';
import { callFileOf, writeCallFile } from './persist';

const endedAt = Date.parse('2025-03-15T23:59:59.900Z');
const facts: CallFacts = {
  parties: { callId: 'call_1', caller: '+15550000001', callee: '+15550000002', direction: 'outbound' },
  ...{ customParams: {}, carrier: 'twilio', started: true, startedAt: endedAt - 5_000, usage: [] },
  agent: agentSchema.parse({ engine: { type: 'openai-realtime' }, systemPrompt: 'Hi.' }),
  turns: [{ role: 'assistant', text: 'Hello!', at: endedAt - 4_000 }],
  ended: {
    ...{ outcome: 'completed', reason: undefined, answeredBy: 'human', endedAt, durationMs: 5_000, costLines: [] },
    ...{ machineDetection: false, answered: true },
  },
};
const event = [...eventsOf(facts)].at(-1)?.payload() as CallEndEvent;

test('one file for each call by the day of its end, the same when it is written again, for its owner’s eyes only', async () => {
  const root = mkdtempSync(join(tmpdir(), 'patter-persist-'));
  try {
    const file = await writeCallFile(root, event, facts);
    expect(file).toBe(join(root, 'calls', '2025', '03', '15', 'call_1.json'));
    const first = readFileSync(file, 'utf8');
    await Promise.all([writeCallFile(root, event, facts), writeCallFile(root, event, facts)]);
    expect(readFileSync(file, 'utf8')).toBe(first);
    expect(readdirSync(dirname(file))).toEqual(['call_1.json']);
    expect(statSync(file).mode & 0o077).toBe(0);
    const record = JSON.parse(first);
    expect(record).toMatchObject({
      ...{ callId: 'call_1', outcome: 'completed', durationSeconds: 5, startedAt: '2025-03-15T23:59:54.900Z' },
      transcript: [{ role: 'assistant', text: 'Hello!', timestamp: '2025-03-15T23:59:55Z' }],
      metrics: { providerMode: 'openai_realtime', turns: [{ agentText: 'Hello!' }] },
    });
    expect(first).not.toContain('call_id');
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test('a call id leads nowhere outside the folder', () => {
  expect(callFileOf('/logs', '../../etc/x', endedAt)).toBe('/logs/calls/2025/03/15/.._.._etc_x.json');
});
