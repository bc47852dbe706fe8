import { readFileSync } from 'node:fs';
import { PatterError } from '../../../contracts/errors';

/** What is used of onnxruntime-node. */
interface OnnxTensor {
  readonly type: string;
  readonly data: unknown;
}
interface OnnxSession {
  readonly inputNames: readonly string[];
  run(feeds: Record<string, OnnxTensor>): Promise<Record<string, OnnxTensor>>;
}
interface OnnxRuntime {
  InferenceSession: { create(model: Uint8Array, options: object): Promise<OnnxSession> };
  Tensor: new (type: string, data: Float32Array | BigInt64Array, dims: readonly number[]) => OnnxTensor;
}

/** Samples of one decision at 8 kHz: 32 ms. */
export const SILERO_WINDOW = 256;
/** The model wants the last samples of the window before, too. */
const CONTEXT = 32;
const STATE_DIMS = [2, 1, 128] as const;
const STATE_SIZE = 2 * 128;
const INPUTS = ['input', 'state', 'sr'] as const;

/** The model's memory of one caller. */
export interface SileroMemory {
  state: Float32Array;
  context: Float32Array;
}

export function newSileroMemory(): SileroMemory {
  return { state: new Float32Array(STATE_SIZE), context: new Float32Array(CONTEXT) };
}

/** Silero VAD version 5 at 8 kHz, for any number of calls: what it remembers of a caller is passed in. */
export class SileroModel {
  constructor(
    private readonly runtime: OnnxRuntime,
    private readonly session: Promise<OnnxSession>,
  ) {
    // Whoever asks for a decision sees why there is none.
    session.catch(() => undefined);
  }

  /** @param samples 256 samples between −1 and 1 @returns the probability of speech @throws PatterError PATTER_CONFIG_INVALID when the file is no such model */
  async probability(samples: Float32Array, memory: SileroMemory): Promise<number> {
    const session = await this.session;
    const { Tensor } = this.runtime;
    const input = new Float32Array(CONTEXT + SILERO_WINDOW);
    input.set(memory.context);
    input.set(samples, CONTEXT);
    const outputs = await session.run({
      input: new Tensor('float32', input, [1, input.length]),
      state: new Tensor('float32', memory.state, STATE_DIMS),
      sr: new Tensor('int64', BigInt64Array.of(8_000n), []),
    });
    const probability = floats(outputs.output)?.[0];
    const state = floats(outputs.stateN);
    if (probability === undefined || state?.length !== STATE_SIZE) throw notSilero();
    memory.state = Float32Array.from(state);
    memory.context = samples.slice(-CONTEXT);
    return probability;
  }
}

/**
 * Loads the package and the file. The package is optional: it is large, and its installation downloads.
 * @param load where the package is loaded from; by default from where this code is installed
 * @throws PatterError PATTER_CREDENTIAL_MISSING without the package, PATTER_CONFIG_INVALID without the file
 */
export function loadSilero(modelPath: string, load: (name: string) => unknown = require): SileroModel {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(modelPath);
  } catch (cause) {
    throw new PatterError('PATTER_CONFIG_INVALID', `The model file of the voice detection cannot be read: ${modelPath}`, { cause });
  }
  const runtime = onnxRuntime(load);
  const session = runtime.InferenceSession.create(bytes, { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 }).then(
    (loaded) => {
      if (!INPUTS.every((name) => loaded.inputNames.includes(name))) throw notSilero();
      return loaded;
    },
    (cause: unknown) => {
      throw new PatterError('PATTER_CONFIG_INVALID', `The model file of the voice detection is no ONNX model: ${modelPath}`, { cause });
    },
  );
  return new SileroModel(runtime, session);
}

/** The models of a gateway: one of each file, however many calls. */
export class SileroModels {
  readonly #models = new Map<string, SileroModel>();

  get(modelPath: string): SileroModel {
    let model = this.#models.get(modelPath);
    if (!model) {
      model = loadSilero(modelPath);
      this.#models.set(modelPath, model);
    }
    return model;
  }
}

function onnxRuntime(load: (name: string) => unknown): OnnxRuntime {
  try {
    return load('onnxruntime-node') as OnnxRuntime;
  } catch (cause) {
    throw new PatterError('PATTER_CREDENTIAL_MISSING', 'Silero voice detection needs a package: `npm install onnxruntime-node`', { cause });
  }
}

function notSilero(): PatterError {
  return new PatterError('PATTER_CONFIG_INVALID', 'The model is not Silero VAD version 5: it has other inputs or outputs');
}

function floats(tensor: OnnxTensor | undefined): Float32Array | undefined {
  return tensor?.type === 'float32' ? (tensor.data as Float32Array) : undefined;
}
