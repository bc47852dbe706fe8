/** WAV files that somebody wants to be played. */
import { encodeMulaw } from '../../contracts/g711';
import { toFrames } from '../audio';
import { decimate, decodeAlaw } from './codec';

const FETCH_TIMEOUT_MS = 15_000;

/** As 8 kHz µ-law in whole frames; of several channels the first. @throws where it cannot be fetched or played */
export async function fetchWavFrames(url: string, signal: AbortSignal): Promise<Uint8Array> {
  const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(FETCH_TIMEOUT_MS)]) });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return wavFrames(Buffer.from(await response.arrayBuffer()));
}

/** @throws where it is no WAV file of 16 bits, µ-law or A-law at a multiple of 8 kHz */
export function wavFrames(file: Buffer): Uint8Array {
  const { format, data } = readWav(file);
  if (!format || !data) throw new Error('a WAV file without audio');
  const [code, channels, rate] = [format.readUInt16LE(0), format.readUInt16LE(2), format.readUInt32LE(4)];
  if (rate % 8000 !== 0) throw new Error(`a WAV file at ${rate} Hz`);
  const bytesPerSample = code === 1 ? 2 : 1;
  const samples = new Int16Array(Math.floor(data.length / (bytesPerSample * channels)));
  if (code === 1) {
    for (let i = 0; i < samples.length; i++) samples[i] = data.readInt16LE(2 * i * channels);
    return toFrames(encodeMulaw(decimate(samples, rate / 8000)));
  }
  if ((code !== 6 && code !== 7) || rate !== 8000) throw new Error(`a WAV file of format ${code} at ${rate} Hz`);
  const first = Uint8Array.from({ length: samples.length }, (_, i) => data[i * channels] as number);
  return toFrames(code === 7 ? first : encodeMulaw(decodeAlaw(first)));
}

/** @throws where it is no WAV file */
function readWav(file: Buffer): { format?: Buffer; data?: Buffer } {
  if (file.toString('latin1', 0, 4) !== 'RIFF' || file.toString('latin1', 8, 12) !== 'WAVE') throw new Error('not a WAV file');
  let format: Buffer | undefined;
  for (let at = 12; at + 8 <= file.length; ) {
    const id = file.toString('latin1', at, at + 4);
    const length = file.readUInt32LE(at + 4);
    // A streamed file has no true length in its header: what is there counts.
    const body = file.subarray(at + 8, Math.min(at + 8 + length, file.length));
    if (id === 'fmt ') format = body;
    if (id === 'data') return { format, data: body };
    at += 8 + length + (length % 2);
  }
  return { format };
}
