/** Options of an agent that nothing reads, because of others: told before a call is placed, since no call would tell. */
import type { AgentSpec, OpenAiRealtimeSpec } from '../contracts/agent';
import { turnsSchema } from '../contracts/turns';

type Endpointing = AgentSpec['turns']['endpointing'];
type LocalEndpointing = Exclude<Endpointing, { type: 'provider' }>;

/** One sentence for each, with what to do. What is set to its default cannot be told from what is not set, and is not told. */
export function optionsWithoutEffect({ engine, turns }: Pick<AgentSpec, 'engine' | 'turns'>): string[] {
  const { endpointing, preemptive } = turns;
  const found: string[] = [];
  if (preemptive && engine.type !== 'pipeline')
    found.push(`agent.turns.preemptive has no effect with the engine ${engine.type}: only a pipeline prepares answers. Leave it out.`);
  switch (engine.type) {
    case 'openai-realtime':
      if (endpointing.type !== 'provider') found.push(...ofRealtime(engine, endpointing));
      break;
    case 'elevenlabs-convai':
      if (endpointing.type !== 'provider')
        found.push('agent.turns.endpointing has no effect with the engine elevenlabs-convai: ElevenLabs ends the turns. Leave it out.');
      break;
    case 'pipeline':
      if (endpointing.type === 'stt' && engine.stt.provider === 'openai' && engine.stt.model.includes('whisper'))
        found.push(
          `agent.turns.endpointing stt acts as vad with ${engine.stt.model}, which writes nothing down before it is told that a turn is over. Choose vad, silero or another recogniser.`,
        );
      if (engine.stt.provider === 'deepgram' && engine.stt.eagerEotThreshold !== undefined && !preemptive)
        found.push('agent.engine.stt.eagerEotThreshold has no effect without agent.turns.preemptive: nothing is prepared.');
      break;
    default:
      engine satisfies never;
  }
  return found;
}

/** Who writes nothing down before the turn is over knows no words to decide by. */
function ofRealtime(engine: OpenAiRealtimeSpec, endpointing: LocalEndpointing): string[] {
  const found: string[] = [];
  const { maxDelayMs, semantic } = defaultsOf(endpointing);
  const wordless = 'has no effect with openai-realtime, which writes the words down after the turn is over';
  if (endpointing.type === 'stt')
    found.push(
      'agent.turns.endpointing stt acts as vad with openai-realtime, which writes the words down after the turn is over. Choose provider, vad or silero.',
    );
  if (endpointing.judgeModel !== undefined)
    found.push(`agent.turns.endpointing.judgeModel ${wordless}. Leave it out, or choose a pipeline.`);
  if (endpointing.semantic !== semantic) found.push(`agent.turns.endpointing.semantic ${wordless}. Leave it out.`);
  if (endpointing.maxDelayMs !== maxDelayMs && !endpointing.dynamic)
    found.push(`agent.turns.endpointing.maxDelayMs ${wordless}: each turn ends after minDelayMs. Set that, or dynamic.`);
  if (engine.vad.type === 'semantic' || engine.vad.silenceMs !== undefined)
    found.push(
      `agent.engine.vad has no effect with agent.turns.endpointing ${endpointing.type}: the turns are found here. Leave one of them out.`,
    );
  return found;
}

function defaultsOf({ type }: LocalEndpointing): LocalEndpointing {
  const { endpointing } = turnsSchema.parse({ endpointing: type === 'silero' ? { type, modelPath: 'any' } : { type } });
  return endpointing as LocalEndpointing;
}
