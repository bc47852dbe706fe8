/**
 * Whether OpenAI's strict mode takes a JSON Schema: every object closed, every property required, no keyword it does not know.
 * Others are sent as guidance (`strict: false`), and the answer is checked by the caller.
 */
export function isStrictSchema(schema: unknown, isRoot = true): boolean {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return false;
  const node = schema as Record<string, unknown>;
  if (!Object.keys(node).every((keyword) => KNOWN.has(keyword))) return false;
  if (isRoot && node.type !== 'object') return false;
  const types = Array.isArray(node.type) ? node.type : [node.type];
  if (types.includes('object') || node.properties !== undefined) {
    const properties = (node.properties ?? {}) as Record<string, unknown>;
    const required = new Set(Array.isArray(node.required) ? node.required : []);
    if (node.additionalProperties !== false) return false;
    if (!Object.keys(properties).every((name) => required.has(name))) return false;
    if (!Object.values(properties).every((property) => isStrictSchema(property, false))) return false;
  }
  if (types.includes('array') && !isStrictSchema(node.items, false)) return false;
  if (Array.isArray(node.anyOf)) return node.anyOf.every((option) => isStrictSchema(option, false));
  return node.type !== undefined || node.enum !== undefined || node.const !== undefined;
}

const KNOWN = new Set([
  'type',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'enum',
  'const',
  'anyOf',
  'description',
  'title',
  'minimum',
  'maximum',
  'pattern',
  'format',
  'minItems',
  'maxItems',
]);
