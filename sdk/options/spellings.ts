/** Fields of events in both spellings: `callId` and `call_id`. One type and one function, so that the two can never say different things. */

type Lower =
  | 'a'
  | 'b'
  | 'c'
  | 'd'
  | 'e'
  | 'f'
  | 'g'
  | 'h'
  | 'i'
  | 'j'
  | 'k'
  | 'l'
  | 'm'
  | 'n'
  | 'o'
  | 'p'
  | 'q'
  | 'r'
  | 's'
  | 't'
  | 'u'
  | 'v'
  | 'w'
  | 'x'
  | 'y'
  | 'z';

/** `callId` → `call_id`, `latencyP95` → `latency_p95`. */
export type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? First extends Uppercase<Lower>
    ? `_${Lowercase<First>}${SnakeCase<Rest>}`
    : `${First}${SnakeCase<Rest>}`
  : Name;

/** All fields of `Fields`, and each once more in snake_case. */
export type BothSpellings<Fields> = Readonly<Fields> & {
  readonly [Name in keyof Fields as Name extends string ? SnakeCase<Name> : never]: Fields[Name];
};

export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * A frozen copy that has every field in both spellings. Not deep: what lies within is given in both spellings by whoever makes it.
 * Undefined fields stay undefined in both.
 */
export function bothSpellings<Fields extends object>(fields: Fields): BothSpellings<Fields> {
  const all: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    all[name] = value;
    all[snakeCase(name)] = value;
  }
  return Object.freeze(all) as BothSpellings<Fields>;
}
