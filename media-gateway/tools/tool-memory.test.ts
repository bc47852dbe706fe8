import type { ToolCallRecord, TranscriptTurn } from '../../contracts/call';
import { ToolMemory } from './tool-memory';

const record = (at: number, over: Partial<ToolCallRecord> = {}): ToolCallRecord => ({
  id: 'x',
  name: 'book',
  arguments: '{"day":"Friday","hour":9}',
  result: '{"ok":true}',
  ok: true,
  durationMs: 5,
  at,
  ...over,
});
const said = (role: TranscriptTurn['role'], at: number): TranscriptTurn => ({ role, text: 'words', at });

describe('bug: a tool under way when its gateway died was carried out twice', () => {
  it('gives the same wish the same key on the next gateway, in whatever order the model writes its arguments', () => {
    const first = new ToolMemory([], []).keyOf('book', '{"day":"Friday","hour":9}');
    expect(new ToolMemory([], [said('user', 1)]).keyOf('book', '{"hour":9,"day":"Friday"}')).toBe(first);
  });

  it('gives a second wish, another argument and another tool keys of their own', () => {
    const memory = new ToolMemory([], []);
    const keys = [
      memory.keyOf('book', '{"day":"Friday"}'),
      memory.keyOf('book', '{"day":"Friday"}'),
      memory.keyOf('book', '{"day":"Monday"}'),
      memory.keyOf('cancel', '{"day":"Friday"}'),
    ];
    expect(new Set(keys).size).toBe(4);
  });

  it('answers a wish from its record, once, when the caller has not heard of it', () => {
    const memory = new ToolMemory([record(20)], [said('assistant', 10), said('user', 15)]);
    expect(memory.answerOf('book', '{"hour":9,"day":"Friday"}')?.result).toBe('{"ok":true}');
    expect(memory.answerOf('book', '{"hour":9,"day":"Friday"}')).toBeUndefined();
  });

  it('takes a wish that comes after the caller has heard the answer for a new one', () => {
    const memory = new ToolMemory([record(20)], [said('user', 15), said('assistant', 30)]);
    expect(memory.answerOf('book', '{"day":"Friday","hour":9}')).toBeUndefined();
    expect(memory.keyOf('book', '{"day":"Friday","hour":9}')).not.toBe(new ToolMemory([], []).keyOf('book', '{"day":"Friday","hour":9}'));
  });
});
