import fc from '../test/support/property';
import { fillTemplate, placeholdersIn, variableName } from './template';

test('placeholders are replaced whatever the spelling of the column', () => {
  const variables = { first_name: 'Ada' };
  for (const text of ['Hi {first_name}', 'Hi { First Name }', 'Hi {first-name}']) expect(fillTemplate(text, variables)).toBe('Hi Ada');
});

test('a value that looks like a placeholder stays what it is', () => {
  expect(fillTemplate('{a} {b}', { a: '{b}', b: 'secret' })).toBe('{b} secret');
});

test('a name without a value is not read aloud, inherited ones neither', () => {
  expect(fillTemplate('Hi {name}{constructor}!', {})).toBe('Hi !');
});

test('JSON in a prompt is left alone', () => {
  const text = 'Answer with {"ok": true} or {}';
  expect(fillTemplate(text, { ok: 'x' })).toBe(text);
  expect(placeholdersIn(text)).toEqual([]);
});

test('each name is listed once', () => {
  expect(placeholdersIn('{date} for {First Name}, {date}')).toEqual(['date', 'first_name']);
});

test('every listed name is one that filling uses', () => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/)), (text, names) => {
      const template = text + names.map((name) => `{${name}}`).join(' ');
      const found = placeholdersIn(template);
      for (const name of names) expect(found).toContain(variableName(name));
      const filled = fillTemplate(template, Object.fromEntries(found.map((name) => [name, '·'])));
      for (const name of names) expect(filled).not.toContain(`{${name}}`);
    }),
  );
});
