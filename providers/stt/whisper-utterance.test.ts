import { BYTES_PER_MS, encodeMulaw } from '../../contracts/g711';
import { WhisperUtterance } from './whisper-utterance';

const frames = (ms: number, level: number) =>
  Array.from({ length: ms / 20 }, () => encodeMulaw(new Int16Array(20 * BYTES_PER_MS).map((_, i) => (i % 2 === 0 ? level : -level))));

function heard(...parts: Uint8Array[][]) {
  const utterance = new WhisperUtterance();
  for (const frame of parts.flat()) utterance.push(frame);
  return utterance;
}

describe('what is given to Whisper', () => {
  it('is an utterance with a little before it, however long it was silent', () => {
    expect(heard(frames(30_000, 0), frames(1_000, 8_000), frames(200, 0)).take()?.seconds).toBe(1.5);
  });

  it('is not the minutes between a click, which nobody took for speech, and what is said then', () => {
    const taken = heard(frames(40, 8_000), frames(60_000, 0), frames(1_000, 8_000), frames(200, 0)).take();
    expect(taken?.seconds).toBe(1.5);
  });

  it('is not the noise of the line while the agent spoke', () => {
    const taken = heard(frames(20_000, 500), frames(1_000, 8_000), frames(200, 500)).take();
    expect(taken?.seconds).toBeLessThanOrEqual(1.6);
  });

  it('is nothing where there was only a click', () => {
    expect(heard(frames(40, 8_000), frames(5_000, 0)).take()).toBeUndefined();
  });

  it('has the pauses of who thinks within an utterance', () => {
    expect(heard(frames(1_000, 8_000), frames(1_500, 0), frames(1_000, 8_000)).take()?.seconds).toBe(3.5);
  });

  it('is what came in one piece, as the last seconds of a recogniser that died do', () => {
    const piece = Buffer.concat([...frames(1_200, 0), ...frames(400, 2_000), ...frames(400, 0)]);
    const utterance = new WhisperUtterance();
    utterance.push(piece);
    expect(utterance.take()?.seconds).toBe(2);
  });

  it('keeps a quiet voice on a clean line', () => {
    expect(heard(frames(1_000, 20), frames(1_000, 400), frames(200, 20)).take()?.seconds).toBe(1.5);
  });
});
