/** The tables of docs/turn-taking.md against the schema: what a reader believes to be the default is it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { agentSchema } from '../contracts/agent';
import { endpointingSchema, turnsSchema } from '../contracts/turns';

const PAGE = readFileSync(join(__dirname, '..', 'docs', 'turn-taking.md'), 'utf8');

/** Every option that has a value, by the name that the page gives it; `undefined`: none by default. */
function defaults(): Map<string, unknown> {
  const agent = agentSchema.parse({ engine: { type: 'openai-realtime' }, systemPrompt: 'Be kind.' });
  const { endpointing, interruption, idle, fillers, keypad, mute, preemptive } = agent.turns;
  const groups = {
    endpointing: {
      ...{ judgeModel: undefined },
      ...endpointingSchema.parse({ type: 'silero', modelPath: 'any' }),
      type: endpointing.type,
    },
    interruption,
    idle: { prompts: undefined, goodbye: undefined, ...idle },
    fillers: { phrases: undefined, ...fillers },
    keypad,
    agent: { maxDurationMs: agent.maxDurationMs, maxDurationWarningMs: agent.maxDurationWarningMs },
  };
  const all = Object.entries(groups).flatMap(([group, options]) =>
    Object.entries(options).map(([name, value]) => [`${group}.${name}`, value] as const),
  );
  const flat = new Map<string, unknown>([...all, ['mute', mute], ['preemptive', preemptive]]);
  // Explained as the ways to choose from, and as an argument of one of them.
  for (const name of ['endpointing.type', 'endpointing.modelPath']) flat.delete(name);
  return flat;
}

/** `| name | default | why |` of every table, with the group that its heading names. */
function documented(): Map<string, string> {
  const found = new Map<string, string>();
  const known = defaults();
  for (const section of PAGE.split(/^## /m).slice(1)) {
    const group = /^[^\n]*`(\w+)`/.exec(section)?.[1] ?? '';
    for (const [, name = '', value = ''] of section.matchAll(/^\| `([\w.]+)` \| ([^|]+) \|[^|]+\|$/gm))
      found.set(known.has(name) ? name : `${group}.${name}`, value.trim().replace(/`/g, ''));
  }
  return found;
}

test('has every option once, with its default', () => {
  const shown = (value: unknown) => (Array.isArray(value) && value.length === 0 ? 'none' : String(value ?? 'none'));
  const said = [...documented()].map(([name, value]) => [name, value.startsWith('the language') ? 'none' : value]);
  expect(Object.fromEntries(said)).toEqual(Object.fromEntries([...defaults()].map(([name, value]) => [name, shown(value)])));
});

test('its example is valid, and has the defaults but for what shows how a list is written', () => {
  const example = parse(/```yaml\n([\s\S]*?)```/.exec(PAGE)?.[1] ?? '').agent.turns;
  const { interruption, mute, idle, fillers, ...rest } = turnsSchema.parse(example);
  const usual = turnsSchema.parse({ endpointing: { type: 'vad' } });
  expect({ ...rest, afterMs: [idle.afterMs, fillers.afterMs] }).toEqual({
    ...{ endpointing: usual.endpointing, keypad: usual.keypad, preemptive: usual.preemptive },
    afterMs: [usual.idle.afterMs, usual.fillers.afterMs],
  });
  expect({ ...interruption, backchannels: [] }).toEqual(usual.interruption);
  expect(mute).toHaveLength(1);
});
