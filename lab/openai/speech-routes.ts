/** POST /v1/audio/speech: reads a text aloud in the lab's voice, and sends the audio while it is being made. */
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { sleep } from '../../contracts/clock';
import type { LabServer } from '../lab-server';
import { modulate } from '../voice';
import { ApiError, parseOrThrow } from './api-error';
import type { SpeechEntry } from './ledger-entry';
import { failOnDemand, isMute, untilGone } from './text/text-routes';

const RATE = 24_000;
const WAV_HEADER_BYTES = 44;
/** Audio comes in such parts, many times faster than it is heard. Odd, because the vendor does not care where a sample ends. */
const PART_BYTES = 9_601;
const PART_EVERY_MS = 5;

const speechBody = z.strictObject({
  model: z.string(),
  input: z.string().min(1).max(4_096),
  voice: z.union([z.string(), z.strictObject({ id: z.string() })]),
  instructions: z.string().optional(),
  response_format: z.enum(['mp3', 'opus', 'aac', 'flac', 'wav', 'pcm']).default('mp3'),
  speed: z.number().min(0.25).max(4).optional(),
  stream_format: z.literal('audio').optional(),
});

export function registerSpeech(lab: LabServer, app: FastifyInstance): void {
  app.post('/v1/audio/speech', (request, reply) => {
    failOnDemand(lab, 'speech');
    if (isMute(lab, 'speech')) return untilGone(reply);
    const { model, input, voice, response_format: format } = parseOrThrow(speechBody, request.body);
    if (format !== 'pcm' && format !== 'wav') {
      throw new ApiError('invalid_value', `The lab speaks 'pcm' and 'wav', not '${format}'.`, 'response_format');
    }
    const entry: SpeechEntry = {
      at: lab.clock.now(),
      model,
      voice: typeof voice === 'string' ? voice : voice.id,
      text: input,
      characters: input.length,
      format,
    };
    lab.ledger.note('speech', entry);
    const samples = modulate(input, { sampleRate: RATE, baud: lab.options.baud });
    const header = format === 'wav' ? wavHeader(samples.length * 2) : Buffer.alloc(0);
    const bytes = Buffer.alloc(header.length + samples.length * 2);
    header.copy(bytes);
    for (let i = 0; i < samples.length; i++) bytes.writeInt16LE(samples[i] as number, header.length + 2 * i);
    const cutAtMs = lab.faults.take('provider_drop', { event: 'speech' })?.afterMs;
    return reply.type(format === 'wav' ? 'audio/wav' : 'audio/pcm').send(Readable.from(parts(lab, bytes, cutAtMs)));
  });
}

async function* parts(lab: LabServer, bytes: Buffer, cutAtMs: number | undefined): AsyncGenerator<Buffer> {
  const cutAt = cutAtMs === undefined ? Number.POSITIVE_INFINITY : (2 * RATE * cutAtMs) / 1_000;
  for (let at = 0; at < bytes.length; at += PART_BYTES) {
    // The connection breaks in the middle of the body.
    if (at >= cutAt) throw new Error('fault: provider_drop');
    yield bytes.subarray(at, at + PART_BYTES);
    await sleep(lab.clock, PART_EVERY_MS);
  }
}

function wavHeader(dataBytes: number): Buffer {
  const header = Buffer.alloc(WAV_HEADER_BYTES);
  header.write('RIFF', 0);
  header.writeUInt32LE(WAV_HEADER_BYTES - 8 + dataBytes, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20); // PCM
  header.writeUInt16LE(1, 22); // mono
  header.writeUInt32LE(RATE, 24);
  header.writeUInt32LE(2 * RATE, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(dataBytes, 40);
  return header;
}
