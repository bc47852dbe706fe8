/** The hold music as a file, for a carrier that plays it to a caller whose stream is gone. Anybody may hear it. */
import type { FastifyInstance } from 'fastify';
import { GATEWAY_PATHS } from '../contracts/gateway';
import { holdMusicWav } from './audio/hold-music';

export function registerHoldMusic(app: FastifyInstance): void {
  const file = holdMusicWav();
  // Carriers keep it: the next caller's music begins at once.
  app.get(GATEWAY_PATHS.holdMusic, async (_request, reply) =>
    reply.type('audio/wav').header('cache-control', 'public, max-age=86400').send(file),
  );
}
