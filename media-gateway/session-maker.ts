/** How the host comes by sessions: the conversation is behind ports (`session/ports.ts`), and this is where it is plugged in. */
import { ArgumentSchemas } from '../runtime/json-schema';
import type { CodeOf } from './agent-code';
import { BackgroundSounds } from './audio/background';
import { type CallSessionOptions, createSession, LineCache, type Prewarmed, prewarmSession, type Session } from './session';
import { SharedTicks } from './shared-ticks';
import { McpServers } from './tools/mcp/mcp-servers';
import { SileroModels } from './turns/endpointing/silero-model';

/** Half of it is how much too late audio may be sent, of 360 ms that the caller has ahead at least: nobody hears it. */
const PACE_EVERY_MS = 10;

export interface SessionMaker {
  create(options: CallSessionOptions): Session;
  prewarm(setup: CallSessionOptions['setup'], deps: Pick<CallSessionOptions, 'config' | 'clock' | 'log'>): Prewarmed;
}

/**
 * One for each gateway: lines that many calls share (disclosure, apology) are spoken into memory once.
 * @param codeOf the developer's code of this process that takes part in its calls
 */
export function sessionMaker(codeOf: CodeOf = () => undefined): SessionMaker {
  const lines = new LineCache();
  const silero = new SileroModels();
  const sounds = new BackgroundSounds();
  const schemas = new ArgumentSchemas();
  const mcpServers = new McpServers();
  let pace: SharedTicks | undefined;
  return {
    create: (options) => {
      pace ??= new SharedTicks(options.clock, PACE_EVERY_MS);
      return createSession({ code: codeOf(options.setup), ...options, lines, silero, sounds, schemas, mcpServers, pace });
    },
    prewarm: (setup, deps) => prewarmSession(setup, { ...deps, lines, silero, mcpServers, code: codeOf(setup) }),
  };
}
