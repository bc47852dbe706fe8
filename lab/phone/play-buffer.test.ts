import { SILENT_FRAME } from '../audio';
import { PlayBuffer } from './play-buffer';

function setUp() {
  const marks: string[] = [];
  return { marks, buffer: new PlayBuffer((name) => marks.push(name)) };
}

test('a mark echoes only when the audio before it has been played', () => {
  const { marks, buffer } = setUp();
  buffer.audio(new Uint8Array(320).fill(1));
  buffer.mark('end');
  buffer.take();
  buffer.take();
  expect(marks).toEqual([]);
  buffer.take();
  expect(marks).toEqual(['end']);
});

test('a mark behind nothing echoes at once', () => {
  const { marks, buffer } = setUp();
  buffer.mark('now');
  expect(marks).toEqual(['now']);
});

test('clear drops the audio and echoes every pending mark in order', () => {
  const { marks, buffer } = setUp();
  buffer.audio(new Uint8Array(800));
  buffer.mark('a');
  buffer.audio(new Uint8Array(800));
  buffer.mark('b');
  buffer.take();
  buffer.clear();
  expect(marks).toEqual(['a', 'b']);
  expect(buffer.take()).toBe(SILENT_FRAME);
  expect(buffer.playedBytes).toBe(160);
});

test('audio in odd lengths comes out without a gap, and the last frame is filled up with silence', () => {
  const { marks, buffer } = setUp();
  buffer.audio(new Uint8Array(100).fill(1));
  buffer.mark('first');
  buffer.audio(new Uint8Array(100).fill(2));
  const first = Uint8Array.from(buffer.take());
  expect(first).toEqual(Uint8Array.from([...new Array(100).fill(1), ...new Array(60).fill(2)]));
  expect(marks).toEqual([]);
  const second = Uint8Array.from(buffer.take());
  expect(marks).toEqual(['first']);
  expect(second).toEqual(Uint8Array.from([...new Array(40).fill(2), ...new Array(120).fill(0xff)]));
  expect(buffer.playedBytes).toBe(200);
});
