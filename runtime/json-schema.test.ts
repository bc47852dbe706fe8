import { ArgumentSchemas } from './json-schema';

const BOOKING = {
  type: 'object',
  properties: {
    day: { type: 'string', enum: ['Monday', 'Friday'] },
    people: { type: 'integer', minimum: 1 },
    at: { type: 'string', format: 'time' },
  },
  required: ['day'],
  additionalProperties: false,
};

describe('the arguments of a tool', () => {
  const schemas = new ArgumentSchemas();

  it('pass when they fit, formats being notes', () => {
    expect(schemas.problems(BOOKING, { day: 'Friday', people: 2, at: 'nine' })).toBeUndefined();
  });

  it('are told apart by what is wrong, in words a model can act on', () => {
    expect(schemas.problems(BOOKING, {})).toBe("the arguments must have required property 'day'");
    expect(schemas.problems(BOOKING, { day: 'Sunday', people: 0, time: 9 })).toBe(
      'the arguments must not have "time"; day must be one of ["Monday","Friday"]; people must be >= 1',
    );
    expect(schemas.problems(BOOKING, ['Friday'])).toBe('the arguments must be object');
  });

  it('are judged by the draft that the schema names', () => {
    const items = { type: 'object', properties: { pair: { type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }] } } };
    const draft2020 = { $schema: 'https://json-schema.org/draft/2020-12/schema', ...items };
    expect(schemas.problems(draft2020, { pair: [1, 2] })).toBe('pair.0 must be string');
    expect(schemas.problems({ $schema: 'http://json-schema.org/draft-04/schema#', ...BOOKING }, {})).toMatch(/day/);
  });

  it('of two tools whose schemas have one $id are each judged by their own', () => {
    const one = { $id: 'args', type: 'object', required: ['a'] };
    const other = { $id: 'args', type: 'object', required: ['b'] };
    expect([schemas.problems(one, {}), schemas.problems(other, {})]).toEqual([
      expect.stringContaining("'a'"),
      expect.stringContaining("'b'"),
    ]);
  });

  it('pass where the schema itself is broken, which is told beforehand', () => {
    const broken = { type: 'objekt' };
    expect(schemas.defect(broken)).toMatch(/type/);
    expect(schemas.problems(broken, {})).toBeUndefined();
    expect(schemas.defect(BOOKING)).toBeUndefined();
  });
});
