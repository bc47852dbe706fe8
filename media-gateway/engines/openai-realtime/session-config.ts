import type { RealtimeAudioInputTurnDetection, RealtimeSessionCreateRequest } from 'openai/resources/realtime/realtime';
import type { OpenAiRealtimeSpec } from '../../../contracts/agent';
import type { EngineTool } from '../engine';
import type { OpenAiRealtimeOptions } from './index';

/** The session as it is asked for. When to answer and when to be interrupted is ours, so both are off in every voice detection. */
export function sessionOf(
  options: Pick<OpenAiRealtimeOptions, 'spec' | 'instructions' | 'language' | 'tools' | 'endpointing'>,
): RealtimeSessionCreateRequest {
  const { spec, instructions, language, tools, endpointing } = options;
  const ours = endpointing !== undefined && endpointing.type !== 'provider';
  return {
    type: 'realtime',
    instructions,
    output_modalities: ['audio'],
    audio: {
      input: {
        format: { type: 'audio/pcmu' },
        transcription: { model: spec.transcriptionModel, language: language.slice(0, 2) },
        turn_detection: ours ? null : turnDetectionOf(spec),
        ...(spec.noiseReduction === 'none' ? {} : { noise_reduction: { type: spec.noiseReduction } }),
      },
      output: { format: { type: 'audio/pcmu' }, voice: spec.voice, ...(spec.speed === 1 ? {} : { speed: spec.speed }) },
    },
    tools: functionsOf(tools),
    tool_choice: 'auto',
    // Drops old turns in lumps, which keeps the rest cached.
    truncation: { type: 'retention_ratio', retention_ratio: 0.8 },
  };
}

export function functionsOf(tools: readonly EngineTool[]): NonNullable<RealtimeSessionCreateRequest['tools']> {
  return tools.map(({ name, description, parameters }) => ({ type: 'function', name, description, parameters }));
}

function turnDetectionOf({ vad, silenceMs }: OpenAiRealtimeSpec): RealtimeAudioInputTurnDetection {
  const off = { create_response: false, interrupt_response: false };
  switch (vad.type) {
    case 'server':
      return {
        type: 'server_vad',
        threshold: vad.threshold,
        prefix_padding_ms: vad.prefixPaddingMs,
        silence_duration_ms: vad.silenceMs ?? silenceMs,
        ...off,
      };
    case 'semantic':
      return { type: 'semantic_vad', eagerness: vad.eagerness, ...off };
    default:
      return vad satisfies never;
  }
}
