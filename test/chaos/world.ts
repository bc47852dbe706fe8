/** A world of several workers and gateways with people who talk for a while, a tool that can be kept waiting, and chaos. */
import { Client } from 'pg';
import type { PersonaInput } from '../../lab/persona';
import type { ScenarioInput } from '../../lab/scenario';
import type { CampaignInput, World } from '../e2e/world';
import { startWorld } from '../e2e/world';
import { Chaos } from './chaos';
import { startToolReceiver, type ToolReceiver } from './tool-receiver';

export interface ChaosWorld extends World {
  readonly chaos: Chaos;
  readonly tool: ToolReceiver;
  /** Straight from the database. */
  sql(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
}

export const DISCLOSURE = 'This is an AI assistant of Acme Dental.';
export const GREETING = 'your appointment is on Tuesday. Does it suit you?';
export const DESK = '+14155559001';
export const OTHER_DESK = '+14155559002';

const LONG_ANSWER = [
  'We are open from Monday to Friday, from eight in the morning to six in the evening.',
  'You find us in the third street on the left behind the station, next to the bakery.',
  'Please bring your insurance card and come ten minutes early, so that we can prepare everything.',
  'So, will you be there on Tuesday?',
].join(' ');

/** Asks something that takes a while to answer, then confirms; goes on when the line was away for a moment. */
const TALKER: PersonaInput = {
  kind: 'human',
  answerAfterMs: 500,
  patienceMs: 25_000,
  steps: [
    { say: 'Hello?' },
    { hear: '/suit you/', say: 'What are your opening hours?' },
    { hear: '/on tuesday|suit you|back/i', say: 'Yes, I confirm.' },
    { hear: '/confirmed|noted|settled|else|suit you|back/', orAfterMs: 8_000, say: 'Thank you, goodbye.' },
    { hear: '/bye/', orAfterMs: 6_000, hangUp: true },
  ],
};

export const SCENARIO: ScenarioInput = {
  network: { cps: 50, ringAfterMs: 100 },
  default: 'talker',
  personas: {
    talker: TALKER,
    /** Rings for a while before it answers. */
    'late-riser': { ...TALKER, answerAfterMs: 2_500 } as PersonaInput,
    'late-and-short': {
      kind: 'human',
      answerAfterMs: 2_500,
      patienceMs: 10_000,
      steps: [
        { hear: '/suit you/', say: 'Yes, I confirm.' },
        { hear: '/confirmed|noted|settled|else/', orAfterMs: 6_000, say: 'Goodbye.' },
        { waitMs: 500, hangUp: true },
      ],
    },
    mailbox: { kind: 'voicemail', answerAfterMs: 400, greeting: 'Hi, please leave a message after the tone.' },
    'talks-to-desk': {
      kind: 'human',
      answerAfterMs: 400,
      patienceMs: 30_000,
      steps: [
        { say: 'Hello?' },
        { hear: '/suit you/', say: 'I want to speak to a human please.' },
        { hear: '/desk|speaking|back/', say: 'Please connect me to a human at the desk.', waitMs: 300 },
        { hear: '/friday|done|otherwise/', orAfterMs: 12_000, say: 'Perfect, thanks. Bye.' },
        { waitMs: 400, hangUp: true },
      ],
    },
    desk: {
      kind: 'human',
      answerAfterMs: 1_500,
      steps: [
        { say: 'Front desk, Dana speaking.' },
        { hear: '/desk|human|hello/', orAfterMs: 6_000, say: 'Done, I moved it to Friday.' },
        { hear: '/bye/', orAfterMs: 8_000, hangUp: true },
      ],
    },
    leaves: {
      kind: 'human',
      answerAfterMs: 400,
      steps: [
        { say: 'Hello?' },
        { hear: '/suit you/', say: 'Please never call me again.' },
        { hear: '/bye|removed|not be called/', orAfterMs: 8_000, waitMs: 1_500, hangUp: true },
      ],
    },
  },
  brain: [{ when: 'opening hours', say: LONG_ANSWER }],
  elevenlabs: { agents: { dental: { firstMessage: 'Welcome to Acme Dental.' } } },
};

/** `roles`: who has which number. Everybody else is a talker. */
export async function startChaosWorld(
  roles: Record<string, string>,
  { personas, ...options }: { seed?: number; baud?: number; personas?: ScenarioInput['personas'] } = {},
): Promise<ChaosWorld> {
  const tool = await startToolReceiver();
  const people = { [DESK]: 'desk', [OTHER_DESK]: 'desk', ...roles };
  const world = await startWorld(
    { ...SCENARIO, personas: { ...SCENARIO.personas, ...personas }, people },
    { workers: 2, gateways: 2, baud: 1_200, ...options },
  );
  const url = world.stack.databaseUrl;
  return {
    ...world,
    // The stack of after a reboot is another one.
    get stack() {
      return world.stack;
    },
    chaos: new Chaos(world),
    tool,
    start: (campaign, phones) => world.start(withAgent(campaign, tool.url), phones),
    async sql(text, values) {
      const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000, query_timeout: 10_000 });
      client.on('error', () => undefined);
      await client.connect();
      try {
        return (await client.query(text, values)).rows;
      } finally {
        await client.end().catch(() => undefined);
      }
    },
    async stop() {
      await tool.stop();
      await world.stop();
    },
  };
}

const ENGINES = {
  realtime: { type: 'openai-realtime' },
  pipeline: { type: 'pipeline', stt: { provider: 'deepgram' }, tts: { provider: 'openai' }, llm: { provider: 'openai' } },
  convai: { type: 'elevenlabs-convai', agentId: 'dental', override: { prompt: true } },
} as const;
export type Engine = keyof typeof ENGINES;

/** @param options `durable`: the workflow carries its tool out */
export function agentOf(
  toolUrl: string,
  { durable = false, engine = 'realtime' }: { durable?: boolean; engine?: Engine | undefined } = {},
): NonNullable<CampaignInput['agent']> {
  return {
    engine: ENGINES[engine],
    systemPrompt:
      'You are the assistant of Acme Dental. You call {first_name} about the appointment on {date}. If they confirm, call the tool confirm.',
    disclosure: DISCLOSURE,
    firstMessage: 'Hi {first_name}, your appointment is on {date}. Does it suit you?',
    tools: [
      {
        name: 'confirm',
        description: 'Confirms the appointment.',
        parameters: { type: 'object', properties: {} },
        webhookUrl: toolUrl,
        durable,
        timeoutMs: durable ? 15_000 : 8_000,
      },
    ],
  };
}

function withAgent(campaign: CampaignInput, toolUrl: string): CampaignInput {
  return {
    agent: agentOf(toolUrl),
    dialing: {
      cps: 20,
      maxConcurrent: 30,
      ringTimeout: '6s',
      voicemailMessage: 'Acme Dental here. Please call us back about your appointment.',
    },
    retry: { maxAttempts: 2, failed: '1s', busy: '1s', noAnswer: '1s', voicemail: false },
    transfer: { to: [DESK], ringTimeout: '8s' },
    ...campaign,
  };
}
