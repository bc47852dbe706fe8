import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'dotenv';
import { configSchema, loadConfig } from '../runtime/config';

const ROOT = join(__dirname, '..');
const VARIABLES = Object.keys(configSchema.shape).sort();
const DEFAULTS = configSchema.parse({}) as Record<string, unknown>;
/** In .env for compose, not for us. */
const COMPOSE_ONLY = ['POSTGRES_PASSWORD'];

const documented = [
  ...readFileSync(join(ROOT, 'docs', 'configuration.md'), 'utf8').matchAll(/^\| `([A-Z_]+)`[^|]*\|([^|]*)\|(.*)\|$/gm),
].map(([, name, fallback, text]) => ({ name: name!, fallback: fallback!.trim().replace(/`/g, ''), text: text!.trim() }));
const example = readFileSync(join(ROOT, '.env.example'), 'utf8');
/** As if every commented variable were switched on. */
const exampleValues = parse(example.replace(/^# ([A-Z_]+=)/gm, '$1'));

test('docs/configuration.md explains every variable once and no other', () => {
  expect(documented.map((row) => row.name).sort()).toEqual(VARIABLES);
  expect(documented.filter((row) => row.text.length < 5)).toEqual([]);
});

test('the documented defaults are the real ones', () => {
  expect(Object.fromEntries(documented.map((row) => [row.name, row.fallback]))).toEqual(
    Object.fromEntries(VARIABLES.map((name) => [name, DEFAULTS[name] === undefined ? '' : String(DEFAULTS[name])])),
  );
});

test('.env.example has every variable and no other, with the defaults as they are', () => {
  expect(Object.keys(exampleValues).sort()).toEqual([...VARIABLES, ...COMPOSE_ONLY].sort());
  for (const [name, value] of Object.entries(DEFAULTS)) {
    if (value !== undefined) expect([name, exampleValues[name]]).toEqual([name, String(value)]);
  }
});

test('.env.example as it is, copied and not filled in, is a valid configuration', () => {
  expect(() => loadConfig(parse(example), '/nowhere')).not.toThrow();
});
