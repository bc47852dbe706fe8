import { agentSchema } from '../../contracts/agent';
import type { CallSetup, ToolCallRecord } from '../../contracts/call';
import { resumeInstructions } from './instructions';

const setup = { agent: agentSchema.parse({ engine: { type: 'openai-realtime' }, systemPrompt: 'You are Ada.' }) } as unknown as CallSetup;
const tool = (name: string, result: string) => ({ name, arguments: '{"reason":"a question"}', result }) as ToolCallRecord;

describe('an agent that is back after a transfer that nobody took', () => {
  const told = [tool('transfer_call', '{"ok":true}'), tool('book', '{"booked":"Friday"}')];

  it('is not told that its transfer is done', () => {
    const text = resumeInstructions(setup, 'transfer_unanswered', [], told);
    expect(text).toMatch(/nobody took the call/);
    expect(text).toContain('{"booked":"Friday"}');
    expect(text).not.toContain('transfer_call');
  });

  it('is told of every answer where the line alone was lost', () => {
    expect(resumeInstructions(setup, 'connection_lost', [], told)).toContain('transfer_call');
  });
});
