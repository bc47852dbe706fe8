/** POST /v1/text-to-speech/{voice_id}/stream: one text, its audio while it is being made. */
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { sleep } from '../../contracts/clock';
import type { LabServer } from '../lab-server';
import type { ElevenLabsTtsEntry } from './ledger-entry';
import { speakInParts } from './speaking';
import { VOICE_ID } from './tts-socket';

const bodySchema = z.looseObject({
  text: z.string().min(1).max(40_000),
  model_id: z.string().default('eleven_multilingual_v2'),
  language_code: z.string().optional(),
  voice_settings: z.record(z.string(), z.unknown()).nullish(),
});

const PART_EVERY_MS = 5;

export function registerTtsRoutes(lab: LabServer): void {
  lab.app.post<{ Params: { voiceId: string }; Querystring: Record<string, string> }>(
    '/elevenlabs/v1/text-to-speech/:voiceId/stream',
    (request, reply) => {
      if (!request.headers['xi-api-key']) return problem(reply, 401, 'missing_api_key', 'An API key is needed.');
      const fault = lab.faults.take('provider_error', { event: 'elevenlabs' });
      if (fault) return problem(reply, fault.status, 'too_many_concurrent_requests', 'Too many concurrent requests.');
      const { voiceId } = request.params;
      if (!VOICE_ID.test(voiceId)) return problem(reply, 404, 'voice_not_found', `A voice with the voice_id ${voiceId} was not found.`);
      const { output_format } = request.query;
      if (output_format !== 'ulaw_8000')
        return problem(reply, 400, 'output_format_not_allowed', `The lab speaks ulaw_8000, not ${output_format}.`);
      const parsed = bodySchema.safeParse(request.body);
      if (!parsed.success) return reply.code(422).send({ detail: parsed.error.issues });
      const { text, model_id, voice_settings } = parsed.data;
      const entry: ElevenLabsTtsEntry = {
        transport: 'http',
        voiceId,
        modelId: model_id,
        query: { ...request.query },
        openedAt: lab.clock.now(),
        ...(voice_settings && { voiceSettings: voice_settings }),
        texts: [text],
        keepAlives: 0,
        audioMs: 0,
        errors: [],
      };
      lab.ledger.note('elevenlabs-tts', entry);
      return reply.type('audio/basic').send(Readable.from(audioOf(lab, entry, text)));
    },
  );
}

async function* audioOf(lab: LabServer, entry: ElevenLabsTtsEntry, text: string): AsyncGenerator<Buffer> {
  const drop = lab.faults.take('provider_drop', { event: 'elevenlabs' });
  for (const { audio } of speakInParts(text, lab.options.baud)) {
    // The connection breaks in the middle of the body.
    if (drop && entry.audioMs >= (drop.afterMs ?? 300)) throw new Error('fault: provider_drop');
    entry.audioMs += audio.length / 8;
    yield audio;
    await sleep(lab.clock, PART_EVERY_MS);
  }
}

function problem(reply: FastifyReply, code: number, status: string, message: string): FastifyReply {
  return reply.code(code).send({ detail: { status, message } });
}
