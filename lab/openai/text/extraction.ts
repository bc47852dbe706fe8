/** Fills a JSON schema from a conversation by plain rules, so that the result depends on what was said and on nothing else. */
import { callbackTime, type Intent, intentOf } from '../brain/intents';
import { summaryOf } from './summary';
import { saidBy, type TranscriptLine } from './transcript';

export type JsonSchema = Record<string, unknown>;

const DATE =
  /\b((next )?(mon|tues|wednes|thurs|fri|satur|sun)day|\d{4}-\d{2}-\d{2}|(january|february|march|april|may|june|july|august|september|october|november|december) \d{1,2}(st|nd|rd|th)?|tomorrow|today|tonight)\b/i;
const TIME = /\b(\d{1,2}:\d{2}( ?[ap]\.?m\.?)?|\d{1,2} ?[ap]\.?m\.?|\d{1,2} o'?clock|noon|midnight)/i;
const EMAIL = /[\w.+-]+@[\w-]+(\.[\w-]+)+/;
const PHONE = /\+?\d[\d ().-]{6,}\d/;
const NAME = /\b(?:[Mm]y name is|[Tt]his is|I am|I'm) ([A-Z][\p{L}'-]+)/u;

/** Which intent makes a boolean of this name true. */
const BOOLEANS: readonly (readonly [RegExp, Intent])[] = [
  [/(^|_)opt|stop|remove|unsubscrib|do_?not_?call|dnc/i, 'opt_out'],
  [/call_?back|later|again/i, 'callback'],
  [/transfer|human|person|agent|representative/i, 'person'],
  [/wrong/i, 'wrong_person'],
  [/declin|reject|refus|cancel|reschedul/i, 'no'],
  [/voicemail|machine/i, 'machine'],
];

export function extract(schema: JsonSchema, lines: readonly TranscriptLine[]): unknown {
  return new Extraction(schema, lines).value(schema, '');
}

class Extraction {
  private readonly caller: string[];
  private readonly all: string;
  private readonly intents: Intent[];

  constructor(
    private readonly root: JsonSchema,
    private readonly lines: readonly TranscriptLine[],
  ) {
    this.caller = saidBy('user', lines);
    this.all = lines.map((line) => line.text).join('\n');
    this.intents = this.caller.map(intentOf);
  }

  /** Undefined: nothing to tell, and no null allowed. */
  value(given: JsonSchema, name: string): unknown {
    const schema = this.resolve(given);
    const nullable = isNullable(schema);
    const found = this.find(pickType(schema), name);
    return found === undefined && nullable ? null : found;
  }

  private find(schema: JsonSchema, name: string): unknown {
    const enumValues = schema.enum as unknown[] | undefined;
    if (enumValues) return this.option(enumValues);
    if ('const' in schema) return schema.const;
    switch (typeOf(schema)) {
      case 'object':
        return this.object(schema);
      case 'array': {
        const item = this.value((schema.items ?? {}) as JsonSchema, name);
        return item === undefined || item === null || item === '' ? [] : [item];
      }
      case 'boolean':
        return this.boolean(name);
      case 'integer':
      case 'number': {
        const number = /-?\d+(\.\d+)?/.exec(this.caller.join(' '))?.[0];
        if (number === undefined) return undefined;
        return typeOf(schema) === 'integer' ? Math.trunc(Number(number)) : Number(number);
      }
      default:
        return this.text(name, String(schema.description ?? ''));
    }
  }

  private object(schema: JsonSchema): Record<string, unknown> {
    const required = new Set((schema.required ?? []) as string[]);
    const filled: Record<string, unknown> = {};
    for (const [name, property] of Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>)) {
      const value = this.value(property, name);
      if (value !== undefined) filled[name] = value;
      else if (required.has(name)) filled[name] = emptyOf(pickType(this.resolve(property)));
    }
    return filled;
  }

  private boolean(name: string): boolean {
    const intent = BOOLEANS.find(([pattern]) => pattern.test(name))?.[1];
    if (intent) return this.intents.includes(intent);
    // The last word counts: people change their minds.
    const verdict = this.intents.findLast((each) => each === 'yes' || each === 'no' || each === 'opt_out');
    return verdict === 'yes';
  }

  private option(options: unknown[]): unknown {
    const mentioned = (text: string) =>
      options.find((option) => typeof option === 'string' && text.toLowerCase().includes(option.toLowerCase().replace(/_/g, ' ')));
    const said = mentioned(this.caller.join('\n'));
    if (said !== undefined) return said;
    const verdict = this.intents.findLast(
      (each) => each === 'yes' || each === 'no' || each === 'opt_out' || each === 'callback' || each === 'person',
    );
    const words =
      verdict === 'yes'
        ? /confirm|accept|positive|yes|agree|booked|interested/i
        : verdict === 'callback'
          ? /call_?back|later|neutral/i
          : verdict === 'person'
            ? /transfer|human|person|neutral/i
            : verdict
              ? /declin|negative|no\b|refus|reject|cancel|opt/i
              : /unknown|unclear|none|neutral|other/i;
    return (
      options.find((option) => words.test(String(option))) ??
      options.find((option) => /unknown|unclear|none|neutral|other/i.test(String(option))) ??
      options.at(-1)
    );
  }

  private text(name: string, description: string): string | undefined {
    const about = `${name} ${description}`;
    const caller = this.caller.join('\n');
    if (/summary/i.test(name)) return summaryOf(this.lines);
    if (/e-?mail/i.test(about)) return EMAIL.exec(caller)?.[0];
    if (/phone|number/i.test(name)) return PHONE.exec(caller)?.[0];
    if (/call_?back|when/i.test(name))
      return this.intents.includes('callback') ? callbackTime(this.caller[this.intents.indexOf('callback')] ?? '') : undefined;
    if (/time|hour/i.test(name)) return TIME.exec(caller)?.[0] ?? TIME.exec(this.all)?.[0];
    if (/day|date/i.test(about)) return DATE.exec(caller)?.[0] ?? DATE.exec(this.all)?.[0];
    if (/name/i.test(name)) return NAME.exec(caller)?.[1];
    return this.caller.at(-1);
  }

  /** Follows `$ref` into `$defs`. */
  private resolve(schema: JsonSchema): JsonSchema {
    if (typeof schema.$ref !== 'string') return schema;
    const target = schema.$ref
      .replace(/^#\/?/, '')
      .split('/')
      .filter(Boolean)
      .reduce<unknown>((at, key) => (at as JsonSchema | undefined)?.[key], this.root);
    return (target ?? {}) as JsonSchema;
  }
}

function isNullable(schema: JsonSchema): boolean {
  if (Array.isArray(schema.type)) return schema.type.includes('null');
  const branches = (schema.anyOf ?? schema.oneOf) as JsonSchema[] | undefined;
  return branches?.some((branch) => branch.type === 'null') ?? false;
}

function pickType(schema: JsonSchema): JsonSchema {
  const branches = (schema.anyOf ?? schema.oneOf) as JsonSchema[] | undefined;
  return branches?.find((branch) => branch.type !== 'null') ?? schema;
}

function typeOf(schema: JsonSchema): unknown {
  if (Array.isArray(schema.type)) return schema.type.find((type) => type !== 'null');
  return schema.type ?? (schema.properties ? 'object' : 'string');
}

function emptyOf(schema: JsonSchema): unknown {
  switch (typeOf(schema)) {
    case 'array':
      return [];
    case 'object':
      return {};
    case 'boolean':
      return false;
    case 'integer':
    case 'number':
      return 0;
    default:
      return '';
  }
}
