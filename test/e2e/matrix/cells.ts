/** Every engine over every carrier in both directions, each with words that no other call has. */
import type { AgentSpec } from '../../../contracts/agent';
import { CARRIERS, type CarrierName } from '../../../contracts/carrier';
import type { PersonaInput } from '../../../lab/persona';
import type { ScenarioInput } from '../../../lab/scenario';
import { phoneOf } from '../world';

export const ENGINES = {
  'openai-realtime': { type: 'openai-realtime' },
  'elevenlabs-convai': { type: 'elevenlabs-convai', agentId: 'front-desk', override: { prompt: true } },
  'nova + openai': { type: 'pipeline', stt: { provider: 'deepgram', model: 'nova-3' }, tts: { provider: 'openai' } },
  'flux + elevenlabs socket': {
    type: 'pipeline',
    stt: { provider: 'deepgram', model: 'flux-general-en' },
    tts: { provider: 'elevenlabs', transport: 'websocket' },
  },
  'openai stream + elevenlabs http': {
    type: 'pipeline',
    stt: { provider: 'openai' },
    tts: { provider: 'elevenlabs', transport: 'http' },
  },
  'whisper + elevenlabs http': {
    type: 'pipeline',
    stt: { provider: 'openai', model: 'whisper-1' },
    tts: { provider: 'elevenlabs', transport: 'http' },
  },
} as const;

export type EngineName = keyof typeof ENGINES;

export interface Cell {
  engine: EngineName;
  carrier: CarrierName;
  direction: 'inbound' | 'outbound';
  /** The caller talks over the agent's longest answer. */
  bargesIn: boolean;
  /** Stands in everything that is said in this call, and in no other. */
  word: string;
  /** The person's. */
  phone: string;
  /** Ours: a line of its own for a call that comes in. */
  number: string;
}

const NUMBER = '+15005550006';
const DIRECTIONS = ['inbound', 'outbound'] as const;
const FIRST = ['amber', 'birch', 'cedar', 'delta', 'ember', 'fjord', 'grove', 'haven'];
const SECOND = ['lake', 'moon', 'park', 'road', 'stone', 'wind'];

/** All of them; or so few that every pair of engine, carrier, direction and manner of talking is still among them. */
export function cells(full: boolean): Cell[] {
  const engines = Object.keys(ENGINES) as EngineName[];
  const chosen = engines.flatMap((engine, e) =>
    CARRIERS.flatMap((carrier, c) =>
      DIRECTIONS.flatMap((direction, d) =>
        [false, true].flatMap((bargesIn, b) =>
          full || ((c + e) % 2 === d && (c + (e >> 1)) % 2 === b) ? [{ engine, carrier, direction, bargesIn }] : [],
        ),
      ),
    ),
  );
  return chosen.map((cell, index) => ({
    ...cell,
    word: `${FIRST[index % FIRST.length]}${SECOND[Math.floor(index / FIRST.length)]}`,
    phone: phoneOf(index),
    number: cell.direction === 'inbound' ? `+1500555${1_000 + index}` : NUMBER,
  }));
}

export function agentOf({ engine, word }: Cell): AgentSpec {
  return {
    engine: ENGINES[engine],
    systemPrompt: `You are the front desk of ${word}.`,
    disclosure: `An AI of ${word} speaks.`,
    firstMessage: `This is ${word}. How can I help you?`,
  } as AgentSpec;
}

/** What is said, word by word; `long` takes the modem several seconds. */
const script = (word: string) => ({
  asks: `What does ${word} sell?`,
  tells: `At ${word} we sell chairs and lamps.`,
  more: `Please list the lamps of ${word}.`,
  long:
    `Here are the lamps of ${word}: a red one by the door, a green one on the table, a blue one in the hall, a white one for the desk, ` +
    'two small ones that belong together, a very old one with a shade of paper, three for the garden that may get wet, one that a child has ' +
    'painted, one of brass, one of glass, a lantern without a candle, and a tall one that nobody has wanted yet.',
  // Longer than what counts as an interruption.
  wait: `Wait, that is too much for me. I would like to have only the red lamp of ${word}, please.`,
  done: `The red lamp of ${word} it is, goodbye.`,
});

function personaOf({ word, bargesIn }: Cell): PersonaInput {
  const { asks, more, wait } = script(word);
  return {
    kind: 'human',
    answerAfterMs: 300,
    patienceMs: 40_000,
    steps: [
      { hear: '/help you\\?/', say: asks },
      { hear: '/and lamps\\./', say: more },
      bargesIn ? { hear: '/Here are/', interruptAfterChars: 40, say: wait } : { hear: '/wanted yet\\./', say: wait },
      { hear: '/goodbye/', waitMs: 600, hangUp: true },
    ],
  };
}

export function scenarioOf(all: readonly Cell[]): ScenarioInput {
  return {
    numbers: [...new Set(all.map(({ number }) => number))],
    people: Object.fromEntries(all.filter(({ direction }) => direction === 'outbound').map((cell) => [cell.phone, personaOf(cell)])),
    personas: Object.fromEntries(all.map((cell) => [cell.word, personaOf(cell)])),
    telnyx: { dialsPerSecond: 100 },
    elevenlabs: { agents: { 'front-desk': {} } },
    brain: all.flatMap(({ word }) => {
      const { tells, long, done } = script(word);
      return [
        { when: `what does ${word} sell`, say: tells },
        { when: `list the lamps of ${word}`, say: long },
        { when: `only the red lamp of ${word}`, say: done },
      ];
    }),
  };
}

/** The agent's answers and the caller's words, in order, as they would be without anybody's interruption. */
export function dialogueOf({ word }: Cell) {
  const { asks, tells, more, long, wait, done } = script(word);
  return {
    agent: [`An AI of ${word} speaks.`, `This is ${word}. How can I help you?`, tells, long, done],
    caller: [asks, more, wait],
  };
}
