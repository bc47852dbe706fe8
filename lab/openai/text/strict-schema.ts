/** What the vendor demands of a schema with `strict: true`, and refuses with 400 otherwise. */
import { ApiError } from '../api-error';
import type { JsonSchema } from './extraction';

export function checkStrict(name: string, schema: JsonSchema, param: string): void {
  check(schema, []);

  function check(at: JsonSchema, path: string[]): void {
    const properties = at.properties as Record<string, JsonSchema> | undefined;
    if (at.type === 'object' || properties) {
      if (at.additionalProperties !== false) refuse(path, "'additionalProperties' is required to be supplied and to be false.");
      const required = new Set((at.required ?? []) as string[]);
      const missing = Object.keys(properties ?? {}).find((key) => !required.has(key));
      if (missing !== undefined) {
        refuse(path, `'required' is required to be supplied and to be an array including every key in properties. Missing '${missing}'.`);
      }
    }
    for (const [key, property] of Object.entries(properties ?? {})) check(property, [...path, 'properties', key]);
    if (at.items) check(at.items as JsonSchema, [...path, 'items']);
    for (const branch of (at.anyOf ?? []) as JsonSchema[]) check(branch, [...path, 'anyOf']);
  }

  function refuse(path: string[], what: string): never {
    const context = path.map((part) => `'${part}'`).join(', ');
    throw new ApiError('invalid_json_schema', `Invalid schema for response_format '${name}': In context=(${context}), ${what}`, param);
  }
}
