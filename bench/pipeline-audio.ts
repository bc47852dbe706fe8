/**
 * What a pipeline's audio costs the gateway: nanoseconds of CPU for a frame of 20 ms, each way, by format. CPU time, and the least of several runs: what other
 * processes take of the machine is not ours.
 */
import { AUDIO_ENCODINGS, type AudioFormat, TELEPHONE_AUDIO } from '../contracts/audio';
import { encodeMulaw } from '../contracts/g711';
import { audioConverter } from '../media-gateway/audio/convert';
import { machine } from './support/machine';
import { benchOptions } from './support/options';
import { type Row, report } from './support/report';

const options = benchOptions();
const where = machine();
const FRAMES = options.quick ? 2_000 : 50_000;
const RUNS = options.quick ? 3 : 9;

const formats: AudioFormat[] = [
  ...AUDIO_ENCODINGS.map((encoding): AudioFormat => ({ encoding, sampleRate: 8_000 })),
  { encoding: 'linear16', sampleRate: 16_000 },
  { encoding: 'linear16', sampleRate: 24_000 },
];

/** A frame of speech-like sound. */
function frameOf(format: AudioFormat): Uint8Array {
  const samples = Int16Array.from({ length: 160 }, (_, i) => Math.round(6_000 * Math.sin(i / 5) + 2_000 * Math.sin(i * 1.7)));
  const mulaw = encodeMulaw(samples);
  return audioConverter(TELEPHONE_AUDIO, format)?.(mulaw) ?? mulaw;
}

/** Nanoseconds a frame. */
function cost(from: AudioFormat, to: AudioFormat): number {
  const frame = frameOf(from);
  const convert = audioConverter(from, to);
  if (!convert) return 0;
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run++) {
    const before = process.cpuUsage();
    for (let i = 0; i < FRAMES; i++) convert(frame);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (1_000 * (user + system)) / FRAMES);
  }
  return Math.round(least);
}

const rows: Row[] = formats.map((format) => ({
  format: `${format.encoding} ${format.sampleRate / 1_000} kHz`,
  'caller to vendor, ns': cost(TELEPHONE_AUDIO, format),
  'vendor to caller, ns': cost(format, TELEPHONE_AUDIO),
}));

report(options, 'Audio of a pipeline', where, { 'A frame of 20 ms': rows });
