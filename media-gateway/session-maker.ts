/** How the host comes by sessions: the conversation is behind ports (`session/ports.ts`), and this is where it is plugged in. */
import { type CallSessionOptions, createSession, type Prewarmed, prewarmSession, type Session } from './session';

export interface SessionMaker {
  create(options: CallSessionOptions): Session;
  prewarm(setup: CallSessionOptions['setup'], deps: Pick<CallSessionOptions, 'config' | 'clock' | 'log'>): Prewarmed;
}

export const SESSIONS: SessionMaker = { create: createSession, prewarm: prewarmSession };
