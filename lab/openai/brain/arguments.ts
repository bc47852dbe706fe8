/** Fills a tool's arguments from its JSON Schema, what the caller said and what the agent was told. */
import { callbackTime } from './intents';

export interface Knowledge {
  /** What the caller said last. */
  said: string;
  instructions: string;
}

type Schema = Record<string, unknown>;

const MONTH = '(?:January|February|March|April|May|June|July|August|September|October|November|December)';
const DAY = '\\d{1,2}(?:st|nd|rd|th)?';
const DATE = new RegExp(
  `\\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day(?:,? (?:the )?${DAY}(?: (?:of )?${MONTH})?|,? ${MONTH} ${DAY})?|${MONTH} ${DAY}|${DAY} (?:of )?${MONTH}|\\d{4}-\\d{2}-\\d{2}|tomorrow|today|tonight)(?: at \\d[\\w:]*(?: ?[ap]\\.?m\\b)?)?`,
  'i',
);
const NAME = /\b(?:call(?:ing)?|to|with|for|name is|named) ([A-Z][\p{L}'-]+)/u;
const PHONE = /\+?\d[\d ().-]{6,}\d/;

export function argumentsFor(parameters: Schema | undefined, knowledge: Knowledge): Record<string, unknown> {
  const properties = (parameters?.properties ?? {}) as Record<string, Schema>;
  const required = new Set((parameters?.required ?? []) as string[]);
  const filled: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(properties)) {
    const value = valueFor(name, schema, knowledge, required.has(name));
    if (value !== undefined) filled[name] = value;
  }
  return filled;
}

function valueFor(name: string, schema: Schema, knowledge: Knowledge, required: boolean): unknown {
  const { said, instructions } = knowledge;
  if (Array.isArray(schema.enum)) {
    const options = schema.enum as unknown[];
    return options.find((option) => said.toLowerCase().includes(String(option).toLowerCase())) ?? options[0];
  }
  if ('const' in schema) return schema.const;
  const type = Array.isArray(schema.type) ? schema.type.find((each) => each !== 'null') : schema.type;
  switch (type) {
    case 'boolean':
      return true;
    case 'integer':
    case 'number': {
      const number = /-?\d+(\.\d+)?/.exec(said)?.[0];
      return number === undefined ? (required ? 1 : undefined) : type === 'integer' ? Math.trunc(Number(number)) : Number(number);
    }
    case 'array':
      return required ? [] : undefined;
    case 'object':
      return required ? argumentsFor(schema, knowledge) : undefined;
    default:
      return textFor(name, `${name} ${String(schema.description ?? '')}`, said, instructions, required);
  }
}

function textFor(name: string, about: string, said: string, instructions: string, required: boolean): string | undefined {
  const labelled = new RegExp(`\\b${name.replace(/[^a-z0-9]+/gi, '[ _-]?')}\\s*[:=]\\s*([^\\n.;,]+)`, 'i').exec(instructions)?.[1]?.trim();
  if (/\b(reason|notes?|comment|text|quote|question|wants?|summary)\b/i.test(name.replace(/_/g, ' '))) return said;
  if (labelled) return labelled;
  if (/\bwhen\b/i.test(name)) return callbackTime(said);
  if (/\b(at|iso)\b/i.test(name.replace(/_/g, ' '))) return undefined;
  if (/day|date|time|slot|appointment/i.test(about)) {
    const date = DATE.exec(said)?.[0] ?? DATE.exec(instructions)?.[0];
    if (date) return date;
  }
  if (/name/i.test(name)) return NAME.exec(instructions)?.[1] ?? (required ? said : undefined);
  if (/phone|number/i.test(name)) return PHONE.exec(said)?.[0] ?? PHONE.exec(instructions)?.[0] ?? (required ? said : undefined);
  return required ? said : undefined;
}
