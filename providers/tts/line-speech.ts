import type { EngineSpec } from '../../contracts/agent';
import { PatterError } from '../../contracts/errors';
import { decodeMulaw } from '../../contracts/g711';
import type { TtsSpec } from '../../contracts/providers';
import type { ProviderDeps } from '../deps';
import { ELEVENLABS_KEY_MISSING } from './elevenlabs-settings';
import { openStreamInput } from './elevenlabs-ws';
import { OpenAiSpeech } from './openai';
import type { ElevenLabsTtsSpec } from './specs';
import type { SpeechSynthesizer } from './tts';

/** A voicemail message or a disclosure is short; what takes longer than this to be spoken is not coming. */
const LINE_TIMEOUT_MS = 15_000;

/** Who speaks an agent's fixed lines (disclosure, voicemail, apology): its own vendor, so that the voice is the same. */
export function lineSpeech(engine: EngineSpec, deps: ProviderDeps): SpeechSynthesizer {
  const tts = lineTts(engine);
  if (tts.provider === 'elevenlabs') return new ElevenLabsLines(tts, deps);
  const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseUrl } = deps.config;
  return new OpenAiSpeech({ apiKey, baseUrl, model: tts.model });
}

/** The `voice` of the requests to `lineSpeech`. */
export function lineVoice(engine: EngineSpec): string {
  return lineTts(engine).voice;
}

type LineTts = Pick<Extract<TtsSpec, { provider: 'openai' }>, 'provider' | 'model' | 'voice'> | ElevenLabsTtsSpec;

function lineTts(engine: EngineSpec): LineTts {
  switch (engine.type) {
    case 'openai-realtime':
      return { provider: 'openai', model: 'gpt-4o-mini-tts', voice: engine.voice };
    case 'elevenlabs-convai':
      return { provider: 'elevenlabs', model: engine.lineModel, voice: engine.lineVoice, transport: 'websocket' };
    case 'pipeline':
      return engine.tts;
  }
}

/** A line by the socket: it is there for the answers anyhow, and needs no package. */
class ElevenLabsLines implements SpeechSynthesizer {
  readonly sampleRate = 8_000;
  readonly model: string;

  constructor(
    private readonly spec: ElevenLabsTtsSpec,
    private readonly deps: ProviderDeps,
  ) {
    this.model = spec.model;
  }

  async synthesize({ text, voice, signal }: { text: string; voice: string; signal?: AbortSignal }): Promise<Int16Array> {
    signal?.throwIfAborted();
    // Lines are cached by their text, in whatever language that is.
    const stream = openStreamInput({ ...this.spec, voice }, { language: undefined }, this.deps, () => {});
    if (!stream) throw new PatterError('PATTER_CREDENTIAL_MISSING', ELEVENLABS_KEY_MISSING);
    let cancelTimeout = () => {};
    let abort = () => {};
    try {
      return await new Promise<Int16Array>((resolve, reject) => {
        const fail = (reason: string) => reject(new PatterError('PATTER_PROVIDER_FAILED', `ElevenLabs could not speak a line: ${reason}`));
        cancelTimeout = this.deps.clock.after(LINE_TIMEOUT_MS, () => fail(`it took longer than ${LINE_TIMEOUT_MS / 1_000} s`));
        abort = () => fail('not wanted any more');
        signal?.addEventListener('abort', abort, { once: true });
        const parts: Uint8Array[] = [];
        stream.listen((event) => {
          if (event.kind === 'audio') parts.push(event.audio);
          else if (event.kind === 'failed') fail(event.error);
          else if (event.kind === 'done') {
            if (parts.length === 0) fail('the answer holds no audio');
            else resolve(decodeMulaw(Buffer.concat(parts)));
          }
        });
        stream.push(text);
        stream.end();
      });
    } finally {
      cancelTimeout();
      signal?.removeEventListener('abort', abort);
      stream.cancel();
    }
  }
}
