import { type EngineSpec, engineSchema } from '../../contracts/agent';

export const pipelineEngine = (tts: object): EngineSpec => engineSchema.parse({ type: 'pipeline', tts });
