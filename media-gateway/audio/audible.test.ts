import { encodeMulaw } from '../../contracts/g711';
import { audibleBytes } from './audible';

test('the audible part ends with the last sound, not with the hiss of a quiet line', () => {
  const samples = new Int16Array(800);
  for (let i = 0; i < 800; i++) samples[i] = (i % 2 ? 1 : -1) * (i < 480 ? 4_000 : 20);
  expect(audibleBytes(encodeMulaw(samples))).toBe(480);
  expect(audibleBytes(encodeMulaw(new Int16Array(160)))).toBe(0);
});
