/** What the agent must not say, and what it says instead. */
import { guardrailSchema } from '../../contracts/agent';
import { PatterTypeError, PatterValidationError } from '../errors';
import type { GuardrailFunction, GuardrailOptions } from '../options/agent';
import { checkNames } from '../options/check';

const NAMES = ['name', 'blockedTerms', 'check', 'replacement', 'timeoutMs'] as const satisfies readonly (keyof GuardrailOptions)[];

/** Frozen. `new Guardrail({...})` and `guardrail({...})` are the same. */
export class Guardrail implements GuardrailOptions {
  /** For logs and records. */
  readonly name: string;
  /** Case-insensitive, whole words. */
  readonly blockedTerms: readonly string[];
  /** True: the text must not be spoken. */
  readonly check?: GuardrailFunction;
  /** Spoken instead. */
  readonly replacement: string;
  /** Milliseconds for `check`. */
  readonly timeoutMs: number;

  /** @throws PatterValidationError unless there are `blockedTerms` or a `check` */
  constructor(options: GuardrailOptions) {
    checkNames('guardrail()', options, NAMES);
    const { name, check } = options;
    const which = typeof name === 'string' && name !== '' ? `Guardrail "${name}"` : 'A guardrail';
    if (check !== undefined && typeof check !== 'function') throw new PatterTypeError('check', `${which}: check must be a function.`);
    const parsed = guardrailSchema.safeParse({ ...options, check: check !== undefined });
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      const field = issue?.path.join('.');
      throw new PatterValidationError(field || 'guardrail', `${which}: ${field ? `${field}: ` : ''}${issue?.message}.`);
    }
    this.name = parsed.data.name;
    this.blockedTerms = Object.freeze(parsed.data.blockedTerms);
    if (check) this.check = check;
    this.replacement = parsed.data.replacement;
    this.timeoutMs = parsed.data.timeoutMs;
    Object.freeze(this);
  }

  /** In snake_case; the check as it is. */
  toDict(): Record<string, unknown> {
    const { name, check, blockedTerms, replacement } = this;
    return { name, check, blocked_terms: blockedTerms, replacement };
  }
}

/** The same as `new Guardrail(options)`. @throws PatterValidationError unless there are `blockedTerms` or a `check` */
export function guardrail(options: GuardrailOptions): Guardrail {
  return new Guardrail(options);
}
