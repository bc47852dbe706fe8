/** The `brain` section of a scenario: what the simulated model says and does before its own sense comes in. */
import { z } from 'zod';
import { PatterError } from '../../../contracts/errors';

const callSchema = z.strictObject({ tool: z.string(), args: z.record(z.string(), z.unknown()).default({}) });

const ruleSchema = z
  .strictObject({
    /** Pattern (case-insensitive) on what the caller said last; a key press is `[DTMF: 1]`, the beginning of the talk is the empty text. */
    when: z.string().refine((pattern) => compile(pattern) !== undefined, 'is not a regular expression'),
    /** At most once per session. */
    once: z.boolean().default(false),
    /** Only where the agent has this tool. */
    needsTool: z.string().optional(),
    say: z.string().optional(),
    /** Several: all in one answer. */
    call: z.union([callSchema, z.array(callSchema).min(1)]).optional(),
    /** What it says when the tool, or the last of several, has answered. */
    thenSay: z.string().optional(),
  })
  .refine((rule) => rule.say !== undefined || rule.call !== undefined, 'a rule says or calls something')
  .refine((rule) => rule.thenSay === undefined || rule.call !== undefined, 'thenSay needs a call');

export type BrainRule = z.output<typeof ruleSchema>;
export type BrainRuleInput = z.input<typeof ruleSchema>;

export function callsOf({ call }: Pick<BrainRule, 'call'>): z.output<typeof callSchema>[] {
  return call === undefined ? [] : [call].flat();
}

export function compile(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern, 'i');
  } catch {
    return undefined;
  }
}

/** Reads the section; throws PATTER_CONFIG_INVALID with the rule's number. */
export function parseBrainRules(section: unknown): BrainRule[] {
  if (section === undefined || section === null) return [];
  const result = z.array(ruleSchema).safeParse(section);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new PatterError(
    'PATTER_CONFIG_INVALID',
    `The scenario's brain is not valid: ${issue?.path.join('.') || 'brain'}: ${issue?.message}`,
  );
}
