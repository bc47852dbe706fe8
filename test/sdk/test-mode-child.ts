/** A developer's program that calls `phone.test()`, typed to through a pipe. */

import { Agent } from '../../sdk/agent/agent';
import type { ResolvedTestOptions } from '../../sdk/options/serve';
import { runTestMode } from '../../sdk/test-mode';

const { MODE = 'model' } = process.env;
const agent = new Agent({
  systemPrompt: 'You book tables for {name}. Transfer to +15550001111 when asked.',
  firstMessage: 'Hello {name}!',
  variables: { name: 'Ann' },
  tools: [{ name: 'book', description: 'Books a table.', parameters: { type: 'object', properties: {} }, handler: () => ({ table: 7 }) }],
  guardrails: [{ name: 'law', blockedTerms: ['lawsuit'], replacement: 'I cannot talk about that.' }],
});
const tell = (event: unknown) => void process.stderr.write(`${JSON.stringify(event)}\n`);
const options: ResolvedTestOptions = {
  agent,
  onCallStart: tell,
  onCallEnd: tell,
  ...(MODE === 'function' && {
    onMessage: async (message, call) => {
      if (message.text === 'bye') await call.hangup();
      return message.text === 'sue' ? 'Start a lawsuit.' : `You said ${message.text} after ${message.history.length} turns.`;
    },
  }),
};

runTestMode(options, { openaiKey: 'sk-lab', phoneNumber: '+15550009999', webhookSecret: '' }).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
