/** OpenAI as the product meets it: Realtime over WebSocket (conversation and transcription), speech, transcription, and text with structured output. */
import type { FastifyError } from 'fastify';
import type { LabServer } from '../lab-server';
import { ApiError, requireBearer } from './api-error';
import { parseBrainRules } from './brain/brain-rules';
import { registerRealtime } from './realtime/socket';
import { registerSpeech } from './speech-routes';
import { registerText } from './text/text-routes';
import { registerTranscriptions } from './transcription-routes';

const MODELS = [
  'gpt-realtime',
  'gpt-realtime-mini',
  'gpt-4o-mini-tts',
  'gpt-4o-mini-transcribe',
  'gpt-4o-transcribe',
  'whisper-1',
  'gpt-4o-mini',
  'gpt-4.1-mini',
  'gpt-5-mini',
];

/** Puts the simulator into the lab's server. Throws PATTER_CONFIG_INVALID when the scenario's brain cannot be read. */
export function registerOpenAi(lab: LabServer): void {
  const rules = parseBrainRules(lab.options.brain);
  registerRealtime(lab, rules);
  // A scope of its own: the hook and the error shape are this vendor's, not the whole lab's.
  lab.app.register(async (scope) => {
    scope.addHook('onRequest', async (request) => {
      requireBearer(request.headers.authorization);
    });
    scope.setErrorHandler((error: FastifyError | ApiError, _request, reply) => {
      const known = error instanceof ApiError ? error : new ApiError(null, error.message, null, error.statusCode ?? 500);
      reply.code(known.status).send(known.body);
    });
    registerSpeech(lab, scope);
    registerTranscriptions(lab, scope);
    registerText(lab, scope, rules);
    scope.get('/v1/models', async () => ({
      object: 'list',
      data: MODELS.map((id) => ({ id, object: 'model', created: 1_700_000_000, owned_by: 'lab' })),
    }));
  });
}
