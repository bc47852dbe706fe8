/** ElevenLabs as the product meets it, below `/elevenlabs`: its voice over WebSocket and HTTP, and its agents. */
import type { LabServer } from '../lab-server';
import { type ConvaiOptions, registerConvai } from './convai';
import { registerTtsRoutes } from './tts-routes';
import { registerTtsSocket, type TtsSocketOptions } from './tts-socket';

const DEFAULT_ELEVENLABS: TtsSocketOptions = { idleMs: 20_000 };

/** Puts the simulator into the lab's server. */
export function registerElevenLabs(
  lab: LabServer,
  options: Partial<TtsSocketOptions> = {},
  convai: ConvaiOptions = { agents: {}, tools: [] },
): void {
  lab.app.get('/elevenlabs/v1/user', (request, reply) => {
    if (request.headers['xi-api-key']) return { user_id: 'lab' };
    return reply.code(401).send({ detail: { status: 'needs_authorization', message: 'An API key is needed.' } });
  });
  registerTtsSocket(lab, { ...DEFAULT_ELEVENLABS, ...options });
  registerTtsRoutes(lab);
  registerConvai(lab, convai);
}
