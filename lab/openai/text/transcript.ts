/** Finds the conversation in whatever text a model is given: `Caller: …` lines, or JSON with roles. */

export interface TranscriptLine {
  role: 'assistant' | 'user';
  text: string;
}

const SPEAKERS: readonly (readonly [TranscriptLine['role'], RegExp])[] = [
  ['assistant', /^(assistant|agent|ai|bot)$/i],
  ['user', /^(user|caller|callee|customer|person|human|contact|client)$/i],
];

function roleOf(speaker: string): TranscriptLine['role'] | undefined {
  return SPEAKERS.find(([, pattern]) => pattern.test(speaker.trim()))?.[0];
}

export function readTranscript(text: string): TranscriptLine[] {
  return fromJson(text) ?? fromLines(text);
}

function fromLines(text: string): TranscriptLine[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\W*(?:\[[^\]]*\]\s*)?([A-Za-z]+)(?:\s*\([^)]*\))?\W{0,3}:\**\s*(.*)$/.exec(line);
    const role = match?.[1] === undefined ? undefined : roleOf(match[1]);
    return role && match?.[2] ? [{ role, text: match[2].trim() }] : [];
  });
}

function fromJson(text: string): TranscriptLine[] | undefined {
  const start = text.search(/\[\s*\{/);
  const end = text.lastIndexOf(']');
  if (start < 0 || end < start) return undefined;
  try {
    const turns = JSON.parse(text.slice(start, end + 1)) as { role?: unknown; text?: unknown; content?: unknown }[];
    return turns.flatMap((turn) => {
      const role = roleOf(String(turn.role));
      const said = turn.text ?? turn.content;
      return role && typeof said === 'string' ? [{ role, text: said }] : [];
    });
  } catch {
    return undefined;
  }
}

export function saidBy(role: TranscriptLine['role'], lines: readonly TranscriptLine[]): string[] {
  return lines.flatMap((line) => (line.role === role ? line.text : []));
}
