/** How long a WAV file plays: the lab plays silence in its place. */

const FETCH_TIMEOUT_MS = 15_000;

/** @throws where it cannot be fetched or is no WAV file */
export async function wavLengthMs(url: string, signal: AbortSignal): Promise<number> {
  const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(FETCH_TIMEOUT_MS)]) });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return wavDurationMs(Buffer.from(await response.arrayBuffer()));
}

export function wavDurationMs(file: Buffer): number {
  if (file.toString('latin1', 0, 4) !== 'RIFF' || file.toString('latin1', 8, 12) !== 'WAVE') throw new Error('not a WAV file');
  let bytesPerSecond = 0;
  for (let at = 12; at + 8 <= file.length; ) {
    const id = file.toString('latin1', at, at + 4);
    const length = file.readUInt32LE(at + 4);
    if (id === 'fmt ') bytesPerSecond = file.readUInt32LE(at + 16);
    // A streamed file has no true length in its header.
    if (id === 'data' && bytesPerSecond > 0) return (1000 * Math.min(length, file.length - at - 8)) / bytesPerSecond;
    at += 8 + length + (length % 2);
  }
  throw new Error('a WAV file without audio');
}
