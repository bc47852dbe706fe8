/** docs/campaign-file.md and the schema of the file say the same. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { campaignFileSchema } from '../contracts/campaign';
import { parseDurationMs } from '../contracts/duration';
import { sttSchema } from '../contracts/providers';

type Schema = { properties?: Record<string, Schema>; required?: string[]; anyOf?: Schema[]; oneOf?: Schema[]; items?: Schema };

const SCHEMA = z.toJSONSchema(campaignFileSchema, { io: 'input', unrepresentable: 'any' }) as Schema;
const FILLED = campaignFileSchema.parse({
  name: 'c',
  from: ['+15005550006'],
  agent: { engine: { type: 'openai-realtime' }, systemPrompt: 'x' },
  // What is left out as a whole has defaults of its own where it is there.
  transfer: { to: ['+15005550009'] },
  recording: {},
}) as unknown as Record<string, unknown>;

/** Every field at every depth, `agent.turns.idle.prompts`; of a union, those of all its alternatives. */
function fieldsOf(schema: Schema, path = ''): string[] {
  const nested = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.items ? [schema.items] : [])].flatMap((each) =>
    fieldsOf(each, path),
  );
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => {
    const field = path === '' ? name : `${path}.${name}`;
    return [field, ...fieldsOf(inner, field)];
  });
  return [...new Set([...own, ...nested])];
}

const FIELDS = fieldsOf(SCHEMA);
/** Whose parts are told in the row itself, and in the page that it names. */
const HAS_PAGE = [
  'agent.variables',
  'agent.tools',
  'agent.mcp',
  'agent.guardrails',
  'agent.turns',
  'agent.backgroundAudio',
  'agent.engine.vad',
  'dialing.answering',
  'postCall.webhooks',
  'postCall.extract',
  'until',
];

const text = readFileSync(join(__dirname, '..', 'docs', 'campaign-file.md'), 'utf8');
const table = text.slice(text.indexOf('| field | default | meaning |'), text.indexOf('## Contacts'));
/** One for each field: "`retry.busy`, `.noAnswer`" are two, with a default each. */
const ROWS = [...table.matchAll(/^\| (`[^|]+) \|([^|]*)\|(.*)\|$/gm)].flatMap(([, first = '', fallback = '', meaning = '']) => {
  const names = [...first.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name.replace('[]', ''));
  const parent = names[0]?.slice(0, names[0].lastIndexOf('.')) ?? '';
  const fallbacks = names.length === 1 ? [fallback.trim()] : fallback.split(', ').map((each) => each.trim());
  return names.map((name, index) => ({
    field: name.startsWith('.') ? parent + name : name,
    fallback: fallbacks[index] ?? '',
    meaning: meaning.trim(),
  }));
});

const within = (field: string, parent: string) => field === parent || field.startsWith(`${parent}.`);

test('every field has a row of its own, or a row of the part that it belongs to names it', () => {
  const rows = new Map(ROWS.map((row) => [row.field, row]));
  const parts = new Set(FIELDS.map((field) => field.slice(0, Math.max(0, field.lastIndexOf('.')))));
  const ofOtherEngines = FIELDS.filter((field) => within(field, 'agent.engine') && !field.startsWith('agent.engine.vad')).filter(
    (field) => !((`${field}.`.split('.')[2] as string) in (FILLED.agent as { engine: object }).engine),
  );
  const missing = FIELDS.filter((field) => !rows.has(field) && !parts.has(field) && !ofOtherEngines.includes(field)).filter((field) => {
    const page = HAS_PAGE.find((part) => within(field, part));
    if (page === undefined) return true;
    // The first level of it is named.
    const name = field.slice(page.length + 1).split('.')[0] as string;
    return name !== '' && !rows.get(page)?.meaning.includes(name);
  });
  expect(missing).toEqual([]);
});

test('every row is a field of the schema, once', () => {
  const names = ROWS.map(({ field }) => field);
  expect(names.filter((name) => !FIELDS.includes(name))).toEqual([]);
  expect(names.filter((name, index) => names.indexOf(name) < index)).toEqual([]);
  expect(ROWS.length).toBeGreaterThan(50);
});

test('what is required is, and nothing else', () => {
  const required = (field: string) => {
    const [parent, name] = [field.slice(0, Math.max(0, field.lastIndexOf('.'))), field.slice(field.lastIndexOf('.') + 1)];
    const at = parent
      .split('.')
      .filter(Boolean)
      .reduce<Schema | undefined>((schema, part) => {
        const found = schema?.properties?.[part];
        return found?.oneOf?.[0] ?? found?.anyOf?.[0] ?? found;
      }, SCHEMA);
    return at?.required?.includes(name) ?? false;
  };
  // Required in a part that may be left out as a whole.
  const inPart = ['transfer.to', 'budget.total'];
  const told = ROWS.filter(({ fallback }) => fallback === 'required').map(({ field }) => field);
  expect(told).toEqual(ROWS.map(({ field }) => field).filter((field) => required(field) && !inPart.includes(field)));
});

test('the defaults are the real ones', () => {
  const realValue = (field: string): unknown =>
    field.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], FILLED);
  const rows = ROWS.filter(
    ({ fallback, field }) => fallback !== 'required' && !fallback.startsWith('see ') && !['window.days', 'transfer.to'].includes(field),
  );
  const told = rows.map(({ field, fallback }) => [field, meant(fallback, realValue(field))]);
  expect(told).toEqual(rows.map(({ field }) => [field, plain(realValue(field))]));
});

/** A cell as the value that it stands for: in the unit of the real one. */
function meant(cell: string, real: unknown): unknown {
  const words = cell.replace(/^[`"]|[`"]$/g, '');
  if (words === 'none' && typeof real !== 'string') return undefined;
  if (words === 'empty') return '';
  if (words === 'true' || words === 'false') return words === 'true';
  if (typeof real === 'number') return /[a-z]$/.test(words) ? parseDurationMs(words) : Number(words.replace(/,/g, ''));
  return words;
}

function plain(value: unknown): unknown {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0 ? undefined : value;
}

test('the defaults of openai-realtime and of recognisers are those of docs/engines.md', () => {
  const page = readFileSync(join(__dirname, '..', 'docs', 'engines.md'), 'utf8');
  const tableAfter = (heading: string): Record<string, string> => {
    const section = page.slice(page.indexOf(heading)).split(/\n#+ /)[0] as string;
    return Object.fromEntries(
      [...section.matchAll(/^\| `([^`]+)` \| ([^|]+) \|/gm)].map(([, name = '', cell = '']) => [name, cell.trim()]),
    );
  };
  const shown = (value: unknown): string => {
    if (typeof value === 'string') return `\`${value}\``;
    if (typeof value !== 'object' || value === null) return String(value);
    return Array.isArray(value)
      ? 'none'
      : `\`{ ${Object.entries(value)
          .map(([name, each]) => `${name}: ${each}`)
          .join(', ')} }\``;
  };
  const { type: _, ...engine } = (FILLED.agent as { engine: Record<string, unknown> }).engine;
  expect(tableAfter('## `openai-realtime`')).toEqual(
    Object.fromEntries(Object.entries(engine).map(([name, value]) => [name, shown(value)])),
  );
  const { provider: _deepgram, model: _model, ...stt } = sttSchema.parse({ provider: 'deepgram' }) as Record<string, unknown>;
  expect(tableAfter('### What hears: `stt`')).toEqual({
    ...Object.fromEntries(Object.entries(stt).map(([name, value]) => [name, shown(value)])),
    // Without a default.
    eagerEotThreshold: 'none',
    prompt: 'none',
  });
});
