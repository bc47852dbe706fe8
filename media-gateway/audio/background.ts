import type { AgentSpec } from '../../contracts/agent';
import { decodeMulaw, encodeMulaw, FRAME_BYTES } from '../../contracts/g711';
import type { PacerBackground } from '../playback/pacer';

export type BackgroundSound = NonNullable<AgentSpec['backgroundAudio']>['sound'];

const RATE = 8_000;
/** Long enough not to be heard as a loop. */
const LOOP_SECONDS = 12;
/** At the loop's seam the end goes over into the beginning. */
const SEAM = RATE / 2;
/** Root mean square at volume 1, about −33 dB of full scale: below the quietest syllable. */
const FULL_RMS = 700;

/** Ambiences, made when first asked for, for all calls of a gateway: 190 kB each. */
export class BackgroundSounds {
  readonly #loops = new Map<BackgroundSound, Int16Array>();

  /** One call's place in the sound, from a beginning of its own. */
  open({ sound, volume }: NonNullable<AgentSpec['backgroundAudio']>, seed = 0): PacerBackground {
    let loop = this.#loops.get(sound);
    if (!loop) {
      loop = synthesize(sound);
      this.#loops.set(sound, loop);
    }
    return ambience(loop, volume, (seed * RATE) % loop.length);
  }
}

/** @param at where in the loop the call begins */
function ambience(loop: Int16Array, volume: number, at: number): PacerBackground {
  return backgroundOf((samples) => {
    for (let i = 0; i < samples.length; i++) {
      layUnder(samples, i, (loop[at] as number) * volume);
      at = at + 1 === loop.length ? 0 : at + 1;
    }
  });
}

/** The sound behind one agent: goes on under its words and in its pauses. @param addTo lays what comes next of it under these samples */
export function backgroundOf(addTo: (samples: Int16Array) => void): PacerBackground {
  const under = (samples: Int16Array): Uint8Array => {
    addTo(samples);
    return encodeMulaw(samples);
  };
  return { take: (frames) => under(new Int16Array(frames * FRAME_BYTES)), mix: (mulaw) => under(decodeMulaw(mulaw)) };
}

/** Adds to one sample, up to the loudest there is. */
export function layUnder(samples: Int16Array, index: number, value: number): void {
  samples[index] = Math.max(-32_768, Math.min(32_767, (samples[index] as number) + value));
}

/** `room`: the breath of a ventilated room. `office`: the same, with murmur from behind a wall and a keyboard now and then. */
function synthesize(sound: BackgroundSound): Int16Array {
  const length = LOOP_SECONDS * RATE + SEAM;
  const random = randomNumbers(sound === 'room' ? 11 : 23);
  const air = lowPassed(length, random, 0.06);
  const samples = Float64Array.from(air, (value, i) => value * (1 + 0.15 * Math.sin((2 * Math.PI * i) / (RATE * 5.3))));
  if (sound === 'office') {
    addMurmur(samples, random);
    addKeys(samples, random);
  }
  const loop = new Float64Array(length - SEAM);
  for (let i = 0; i < loop.length; i++) {
    const fade = Math.min(1, i / SEAM);
    loop[i] = (samples[i] as number) * Math.sqrt(fade) + (i < SEAM ? (samples[loop.length + i] as number) * Math.sqrt(1 - fade) : 0);
  }
  const rms = Math.sqrt(loop.reduce((sum, value) => sum + value * value, 0) / loop.length);
  return Int16Array.from(loop, (value) => Math.max(-32_768, Math.min(32_767, (value * FULL_RMS) / rms)));
}

/** White noise through two poles: dull, without hiss. */
function lowPassed(length: number, random: () => number, share: number): Float64Array {
  const samples = new Float64Array(length);
  let [first, second] = [0, 0];
  for (let i = 0; i < length; i++) {
    first += (random() * 2 - 1 - first) * share;
    second += (first - second) * share;
    samples[i] = second;
  }
  return samples;
}

/** Voices without words: the formants' band, in the rhythm of syllables and sentences. */
function addMurmur(samples: Float64Array, random: () => number): void {
  const high = lowPassed(samples.length, random, 0.35);
  const low = lowPassed(samples.length, random, 0.2);
  for (let i = 0; i < samples.length; i++) {
    const syllable = 0.5 + 0.5 * Math.sin((2 * Math.PI * i * 3.7) / RATE + 2 * Math.sin((2 * Math.PI * i * 0.9) / RATE));
    const sentence = Math.max(0, Math.sin((2 * Math.PI * i) / (RATE * 4)) + 0.2);
    samples[i] = (samples[i] as number) + ((high[i] as number) - (low[i] as number)) * syllable * sentence * 0.25;
  }
}

/** Short dull clicks, in bursts. */
function addKeys(samples: Float64Array, random: () => number): void {
  for (
    let at = RATE;
    at < samples.length - RATE / 10;
    at += Math.round(RATE * (random() < 0.8 ? 0.12 + random() * 0.15 : 1.5 + random() * 2))
  ) {
    const loudness = 0.05 + 0.05 * random();
    for (let i = 0; i < RATE / 100; i++) samples[at + i] = (samples[at + i] as number) + (random() * 2 - 1) * loudness * Math.exp(-i / 20);
  }
}

/** Always the same numbers: every gateway sounds alike. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}
