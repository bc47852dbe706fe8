/** Postgres refuses NUL in text, and NUL and lone surrogates in jsonb. Callers and models produce both; they become U+FFFD. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what is looked for
const UNSTORABLE = /\u0000|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

export function storableText(text: string): string {
  return text.replace(UNSTORABLE, '\ufffd');
}

/** JSON text of `value`, with all strings and keys made storable. */
export function storableJson(value: unknown): string {
  return JSON.stringify(deepStorable(value));
}

function deepStorable(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  if (Array.isArray(value)) return value.map(deepStorable);
  if (value !== null && typeof value === 'object' && !(value instanceof Date)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [storableText(key), deepStorable(item)]));
  }
  return value;
}
