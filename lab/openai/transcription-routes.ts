/** POST /v1/audio/transcriptions: reads the words out of an uploaded WAV file. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { decodeMulaw } from '../../contracts/g711';
import type { LabServer } from '../lab-server';
import { wavFrames } from '../phone/wav';
import { Demodulator } from '../voice';
import { ApiError, parseOrThrow } from './api-error';
import type { TranscriptionEntry } from './ledger-entry';
import { failOnDemand } from './text/text-routes';
import { inputAudioTokens, textTokens } from './tokens';

const fields = z.strictObject({
  model: z.string(),
  language: z.string().optional(),
  prompt: z.string().optional(),
  response_format: z.enum(['json']).default('json'),
  temperature: z.string().optional(),
});

export function registerTranscriptions(lab: LabServer, app: FastifyInstance): void {
  // The platform's own parser of forms does the work.
  app.addContentTypeParser(
    'multipart/form-data',
    { parseAs: 'buffer' },
    async (request: { headers: { 'content-type'?: string } }, body: Buffer) =>
      new Response(new Uint8Array(body), { headers: { 'content-type': request.headers['content-type'] ?? '' } }).formData(),
  );
  app.post('/v1/audio/transcriptions', async (request) => {
    failOnDemand(lab, 'transcriptions');
    if (!(request.body instanceof FormData)) throw new ApiError('invalid_value', 'Expected a multipart form.');
    const { file, ...rest } = Object.fromEntries(request.body.entries());
    if (!(file instanceof Blob)) throw new ApiError('missing_required_parameter', "Missing required parameter: 'file'.", 'file');
    const { model, language, prompt } = parseOrThrow(fields, rest);
    const { text, durationMs } = read(Buffer.from(await file.arrayBuffer()), lab.options.baud);
    const entry: TranscriptionEntry = { at: lab.clock.now(), model, language, prompt, text, durationMs };
    lab.ledger.note('transcription', entry);
    if (model === 'whisper-1') return { text, usage: { type: 'duration', seconds: Math.ceil(durationMs / 1_000) } };
    const audio = inputAudioTokens(durationMs);
    const output = textTokens(text);
    return {
      text,
      usage: {
        type: 'tokens',
        input_tokens: audio,
        output_tokens: output,
        total_tokens: audio + output,
        input_token_details: { audio_tokens: audio, text_tokens: 0 },
      },
    };
  });
}

function read(file: Buffer, baud: number): { text: string; durationMs: number } {
  let mulaw: Uint8Array;
  try {
    mulaw = wavFrames(file);
  } catch (error) {
    throw new ApiError('invalid_value', `Invalid file format: ${error instanceof Error ? error.message : String(error)}.`, 'file');
  }
  let text = '';
  const demodulator = new Demodulator(
    { sampleRate: 8000, baud },
    {
      text: (fragment) => {
        text += fragment;
      },
    },
  );
  demodulator.push(decodeMulaw(mulaw));
  return { text, durationMs: mulaw.length / 8 };
}
