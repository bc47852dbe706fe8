/** Arguments that a model wrote, against the JSON Schema of the tool they are for. */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020';

type Schema = Readonly<Record<string, unknown>>;

/** Compiling takes about a millisecond, a check some microseconds: schemas of so many tools are kept, the oldest goes first. */
const MOST_KEPT = 500;
/** Enough for a model to do better. */
const MOST_PROBLEMS = 5;

const OPTIONS = {
  allErrors: true,
  // A tool's schema may hold what only its vendor knows.
  strict: false,
  // Formats (date, email …) are notes for the model, as the specification has it.
  validateFormats: false,
  // Two tools may give their schemas one `$id`.
  addUsedSchema: false,
  logger: false,
} as const;

/** Schemas of draft 2020-12 (by `$schema`) and draft 7 (all others). Shared by the calls of a process. */
export class ArgumentSchemas {
  private draft7: Ajv | undefined;
  private draft2020: Ajv2020 | undefined;
  private readonly compiled = new Map<string, ValidateFunction | Error>();

  /** @returns what is wrong with the schema itself; undefined when it can be used */
  defect(schema: Schema): string | undefined {
    const compiled = this.compile(schema);
    return compiled instanceof Error ? compiled.message : undefined;
  }

  /**
   * @returns what is wrong, in words for the model; undefined when nothing is. Arguments for a schema that cannot be used pass: `defect` says so
   * before the first call.
   */
  problems(schema: Schema, args: unknown): string | undefined {
    const check = this.compile(schema);
    if (check instanceof Error || check(args) === true) return undefined;
    return [...new Set((check.errors ?? []).map(inWords))].slice(0, MOST_PROBLEMS).join('; ') || 'they do not fit its schema';
  }

  private compile(schema: Schema): ValidateFunction | Error {
    const key = JSON.stringify(schema);
    let compiled = this.compiled.get(key);
    if (compiled === undefined) {
      compiled = this.compileNew(schema);
      this.compiled.set(key, compiled);
      const [oldest] = this.compiled.keys();
      if (this.compiled.size > MOST_KEPT && oldest !== undefined) this.compiled.delete(oldest);
    }
    return compiled;
  }

  private compileNew(schema: Schema): ValidateFunction | Error {
    try {
      if (typeof schema.$schema === 'string' && schema.$schema.includes('2020-12')) {
        this.draft2020 ??= new Ajv2020(OPTIONS);
        return this.draft2020.compile(schema);
      }
      this.draft7 ??= new Ajv(OPTIONS);
      // Other drafts differ in nothing that tools use; ajv refuses a `$schema` that it does not know.
      const { $schema: _, ...rest } = schema;
      return this.draft7.compile(rest);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }
}

function inWords({ instancePath, keyword, params, message }: ErrorObject): string {
  const where = instancePath === '' ? 'the arguments' : instancePath.slice(1).replaceAll('/', '.');
  if (keyword === 'additionalProperties') return `${where} must not have "${String(params.additionalProperty)}"`;
  if (keyword === 'enum') return `${where} must be one of ${JSON.stringify(params.allowedValues)}`;
  return `${where} ${message ?? 'are not allowed'}`;
}
