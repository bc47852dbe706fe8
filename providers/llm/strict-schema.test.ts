import { isStrictSchema } from './strict-schema';

const closed = (properties: object, required = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

test.each([
  ['a closed object with all properties required', closed({ a: { type: 'string' }, b: { type: ['number', 'null'] } }), true],
  ['a nested one', closed({ a: closed({ b: { type: 'array', items: { type: 'string', enum: ['x'] } } }) }), true],
  ['alternatives', closed({ a: { anyOf: [{ type: 'string' }, { type: 'null' }] } }), true],
  ['an open object', { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }, false],
  ['an optional property', closed({ a: { type: 'string' } }, []), false],
  ['an open object inside', closed({ a: { type: 'object', properties: {} } }), false],
  ['a keyword that strict mode does not know', closed({ a: { type: 'string', minLength: 3 } }), false],
  ['an array of anything', closed({ a: { type: 'array' } }), false],
  ['a property of no type', closed({ a: { description: 'anything' } }), false],
  ['no object at the root', { type: 'array', items: { type: 'string' } }, false],
])('%s', (_, schema, strict) => {
  expect(isStrictSchema(schema)).toBe(strict);
});
