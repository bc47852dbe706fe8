import type { Tone } from './format';

export function StateTag({ text, tone }: { text: string; tone: Tone }) {
  return <span className={`tag ${tone}`}>{text}</span>;
}
