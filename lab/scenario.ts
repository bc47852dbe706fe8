/** Who has which number, and what goes wrong: one YAML file, or the same as an object. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { elevenLabsScenarioSchema } from './elevenlabs/convai/agents';
import { faultSchema } from './faults';
import { loadPersonas, type NamedPersona, personaSchema } from './persona';

/** What the lab's phone company knows its one customer by. Not a secret: nothing outside a lab accepts it. */
export const LAB_ACCOUNT = {
  sid: 'AC00000000000000000000000000000000',
  authToken: 'lab-auth-token-lab-auth-token-00',
} as const;

/** The same at the lab's Telnyx. */
export const LAB_TELNYX = {
  apiKey: 'KEY0000000000000000LABLABLAB_lab',
  connectionId: '1000000000000000001',
} as const;

const codec = z.enum(['PCMU', 'PCMA']);

const telnyxSchema = z.strictObject({
  apiKey: z.string().min(1).default(LAB_TELNYX.apiKey),
  connectionId: z.string().min(1).default(LAB_TELNYX.connectionId),
  /** Where the application announces calls that say nothing else; also set by `PATCH /v2/call_control_applications/:id`. */
  webhookUrl: z.url().optional(),
  webhookFailoverUrl: z.url().optional(),
  /** What a leg to or from a number negotiates: A-law in most of the world. */
  codec: codec.default('PCMU'),
  codecs: z.record(z.string(), codec).default({}),
  /** Excess is refused with 429, not queued. */
  dialsPerSecond: z.number().positive().default(30),
  /** With `stream_establish_before_call_originate`: whether the `start` frame comes at once or when the call is answered. Not documented. */
  earlyStart: z.enum(['at_once', 'on_answer']).default('at_once'),
  /** Whether the application is told what each leg cost (`call.cost`); also set by `PATCH /v2/call_control_applications/:id`. Off, as at Telnyx. */
  callCostInWebhooks: z.boolean().default(false),
  /** From the end of a recording to its file. Telnyx lists none before. */
  savingMs: z.number().int().nonnegative().default(50),
});

/** A persona's name, or the persona itself. */
export const who = z.union([z.string(), personaSchema]);

export const scenarioSchema = z.strictObject({
  description: z.string().optional(),
  account: z.strictObject({ sid: z.string(), authToken: z.string() }).default({ ...LAB_ACCOUNT }),
  telnyx: telnyxSchema.prefault({}),
  elevenlabs: elevenLabsScenarioSchema.prefault({}),
  /** The numbers that the account owns and may call from, at either phone company. */
  numbers: z.array(z.string()).default(['+15005550006']),
  /** Numbers of others that the Twilio account has verified: it may call from them, and they are called elsewhere. */
  callerIds: z.array(z.string()).default([]),
  /** Where the numbers of the Twilio account send their calls, until it is changed by the REST API. */
  routing: z.record(z.string(), z.strictObject({ voiceUrl: z.url(), statusCallback: z.url().optional() })).default({}),
  /** Personas of this scenario alone, by name; they hide those of the same name in the folder. */
  personas: z.record(z.string(), personaSchema).default({}),
  /** A number's persona, or one for each call to it (the last one stays). */
  people: z.record(z.string(), z.union([who, z.array(who).min(1)])).default({}),
  /** Who answers every other number. */
  default: who.default('confirms'),
  network: z
    .strictObject({
      /** Calls dialled a second; the rest waits in the queue. */
      cps: z.number().positive().optional(),
      /** From dialling to the first ring. */
      ringAfterMs: z.number().int().nonnegative().default(150),
      /**
       * What the carrier does when a media socket breaks instead of being closed: go on with the next verb, or leave the caller in silence
       * until somebody updates the call. Which of them the real one does is not documented; a product should live through both.
       */
      onAbnormalClose: z.enum(['continue', 'hold']).default('continue'),
      pricePerMinute: z.number().nonnegative().default(0.014),
    })
    .prefault({}),
  faults: z.array(faultSchema).default([]),
  /** For the simulated AI; passed through as it is. */
  brain: z.unknown().optional(),
  /** What `/lab/tools/:name` answers; `{ ok: true }` for every other name. */
  tools: z.record(z.string(), z.unknown()).default({}),
});

export type Scenario = z.output<typeof scenarioSchema>;
export type ScenarioInput = z.input<typeof scenarioSchema>;

/** Reads a file by path, or by name from `lab/scenarios/`; an object is validated as it is. */
export function loadScenario(source: string | ScenarioInput = {}): Scenario {
  let input: unknown = source;
  let label = 'scenario';
  if (typeof source === 'string') {
    const named = path.join(__dirname, 'scenarios', `${source}.yaml`);
    const file = existsSync(source) ? source : named;
    if (!existsSync(file)) throw new Error(`No scenario file ${source}`);
    input = parse(readFileSync(file, 'utf8')) ?? {};
    label = file;
  }
  const parsed = scenarioSchema.safeParse(input);
  if (!parsed.success) throw new Error(`${label}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** Says who answers the next call to a number, and remembers how often each was called. */
export class Casting {
  private readonly personas;
  private readonly calls = new Map<string, number>();

  constructor(private readonly scenario: Scenario) {
    this.personas = loadPersonas();
    for (const [name, persona] of Object.entries(scenario.personas)) this.personas.set(name, persona);
    // A misspelt name is found at the start and not by the call that needed it.
    for (const role of [scenario.default, ...Object.values(scenario.people).flat()]) this.resolve(role);
  }

  /** Looks without counting: may this number be called at all? */
  peek(number: string): NamedPersona {
    return this.resolve(this.role(number, this.calls.get(number) ?? 0));
  }

  /** The persona of the call that is being dialled now, and how many came before it. */
  next(number: string): NamedPersona & { callIndex: number } {
    const callIndex = this.calls.get(number) ?? 0;
    this.calls.set(number, callIndex + 1);
    return { ...this.resolve(this.role(number, callIndex)), callIndex };
  }

  reset(): void {
    this.calls.clear();
  }

  private role(number: string, index: number) {
    const cast = this.scenario.people[number] ?? this.scenario.default;
    return Array.isArray(cast) ? (cast[Math.min(index, cast.length - 1)] as (typeof cast)[number]) : cast;
  }

  /** The persona of this name, or the one that is written out. @throws where nobody is called so */
  resolve(role: z.output<typeof who>): NamedPersona {
    if (typeof role !== 'string') return { name: `(${role.kind})`, persona: role };
    const persona = this.personas.get(role);
    if (!persona) throw new Error(`No persona is called "${role}". There are: ${[...this.personas.keys()].join(', ')}`);
    return { name: role, persona };
  }
}
