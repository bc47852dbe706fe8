/** Whoever picks up, or does not: data, one YAML file each in `lab/personas/`. The README beside it explains every field. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const ms = z.number().int().nonnegative();
/** One number, or `[least, most]` from which the seed chooses. */
const msRange = z.union([ms, z.tuple([ms, ms])]);

/** `/pattern/flags`, or a plain pattern, which ignores case. */
const pattern = z.string().transform((source, context) => {
  const [, body, flags] = /^\/(.*)\/([a-z]*)$/s.exec(source) ?? [undefined, source, 'i'];
  try {
    // `g` and `y` would make a pattern remember where it matched last.
    return new RegExp(body as string, flags?.replace(/[gy]/g, ''));
  } catch (error) {
    context.addIssue({ code: 'custom', message: `not a regular expression: ${source} (${(error as Error).message})` });
    return z.NEVER;
  }
});

const stepSchema = z.strictObject({
  /** Waits until what was heard since the last step matches and the other side has stopped talking. */
  hear: pattern.optional(),
  /** Waits until the keys that the other side pressed since the last step match, as in a menu. */
  hearKeys: pattern.optional(),
  /** Does not wait for the other side to stop: acts as soon as so many characters were heard (after the match of `hear`, if there is one). */
  interruptAfterChars: z.number().int().positive().optional(),
  /** Gives up waiting after so long and acts all the same. */
  orAfterMs: ms.optional(),
  /** Thinks for so long before it acts. */
  waitMs: msRange.optional(),
  say: z.string().optional(),
  press: z
    .string()
    .regex(/^[0-9*#]+$/)
    .optional(),
  /** One steady tone, as a machine makes it. */
  tone: z.strictObject({ hz: z.number().positive(), ms: z.number().int().positive() }).optional(),
  hangUp: z.boolean().optional(),
});

/** What the carrier's answering machine detection believes, where it differs from the truth. */
const amdSchema = z.strictObject({ answeredBy: z.string(), afterMs: ms });

const humanSchema = z.strictObject({
  kind: z.literal('human'),
  description: z.string().optional(),
  answerAfterMs: msRange.default(800),
  /** The other side has stopped talking when it was silent for so long. */
  endOfTurnMs: ms.default(600),
  /** Hangs up after so long without a sound from either side. */
  patienceMs: ms.default(20_000),
  mustHear: z.array(pattern).default([]),
  amd: amdSchema.optional(),
  steps: z.array(stepSchema),
});

const voicemailSchema = z.strictObject({
  kind: z.literal('voicemail'),
  description: z.string().optional(),
  answerAfterMs: msRange.default(1500),
  greeting: z.string(),
  /** Silence between greeting and beep. */
  beepAfterMs: ms.default(400),
  /** 0: a box without a beep. */
  beepMs: ms.default(400),
  beepHz: z.number().positive().default(1000),
  /** Hangs up after so much silence since the beep or the last sound. */
  endSilenceMs: ms.default(4000),
  maxRecordMs: ms.default(120_000),
  mustHear: z.array(pattern).default([]),
  amd: amdSchema.optional(),
});

const unreachable = { description: z.string().optional(), afterMs: msRange.default(500) };

export const personaSchema = z.discriminatedUnion('kind', [
  humanSchema,
  voicemailSchema,
  /** SIP 486. */
  z.strictObject({ kind: z.literal('busy'), ...unreachable }),
  /** Rings until the caller gives up. */
  z.strictObject({ kind: z.literal('no_answer'), description: z.string().optional() }),
  /** SIP 603: declined. */
  z.strictObject({ kind: z.literal('rejected'), ...unreachable, sipCode: z.number().int().default(603) }),
  /** The network cannot place the call: 404 for a number nobody has, 503 for a broken route. */
  z.strictObject({ kind: z.literal('failed'), ...unreachable, sipCode: z.number().int().default(503) }),
  /** Refused when the call is created, with 21211. */
  z.strictObject({ kind: z.literal('invalid'), description: z.string().optional() }),
]);

export type Persona = z.output<typeof personaSchema>;
/** As it is written in YAML. */
export type PersonaInput = z.input<typeof personaSchema>;
export type HumanPersona = Extract<Persona, { kind: 'human' }>;
export type VoicemailPersona = Extract<Persona, { kind: 'voicemail' }>;
export type Step = HumanPersona['steps'][number];

export interface NamedPersona {
  name: string;
  persona: Persona;
}

/** Reads every `*.yaml` of the folder; a file's name without its ending is the persona's name. */
export function loadPersonas(folder = path.join(__dirname, 'personas')): Map<string, Persona> {
  const personas = new Map<string, Persona>();
  if (!existsSync(folder)) return personas;
  for (const file of readdirSync(folder).sort()) {
    if (!/\.ya?ml$/.test(file)) continue;
    const parsed = personaSchema.safeParse(parse(readFileSync(path.join(folder, file), 'utf8')));
    if (!parsed.success) throw new Error(`${path.join(folder, file)}: ${z.prettifyError(parsed.error)}`);
    personas.set(path.parse(file).name, parsed.data);
  }
  return personas;
}
