import { z } from 'zod';
import fc from '../../../test/support/property';
import { extract, type JsonSchema } from './extraction';
import type { TranscriptLine } from './transcript';
import { readTranscript } from './transcript';

const said = (...texts: string[]): TranscriptLine[] => texts.map((text) => ({ role: 'user', text }));

const leaf = fc.constantFrom<JsonSchema>(
  { type: 'string' },
  { type: 'boolean' },
  { type: 'number' },
  { type: 'integer' },
  { type: ['string', 'null'] },
  { type: ['integer', 'null'] },
  { anyOf: [{ type: 'string' }, { type: 'null' }] },
  { type: 'string', enum: ['good', 'bad'] },
);
const { schema } = fc.letrec<{ schema: JsonSchema; any: JsonSchema }>((tie) => ({
  any: fc.oneof({ maxDepth: 2 }, leaf, tie('schema'), fc.record({ type: fc.constant('array'), items: tie('any') })),
  schema: fc
    .dictionary(fc.constantFrom('confirmed', 'date', 'name', 'summary', 'email', 'when', 'amount', 'note'), tie('any'), { maxKeys: 5 })
    .map((properties) => ({ type: 'object', properties, required: Object.keys(properties), additionalProperties: false })),
}));

describe('extraction by schema', () => {
  it('always fits the schema, whatever was said', () => {
    const words = fc.constantFrom('Yes.', 'No.', 'On Friday at 10.', 'My name is Ada.', 'a@b.example', '', 'Call me back tomorrow.');
    fc.assert(
      fc.property(schema, fc.array(words, { maxLength: 4 }), (shape, texts) => {
        const value = extract(shape, said(...texts));
        expect(z.fromJSONSchema(shape as Parameters<typeof z.fromJSONSchema>[0]).safeParse(value)).toMatchObject({ success: true });
      }),
    );
  });

  it.each([
    ['confirmed', { type: 'boolean' }, ['Yes.', 'No, wait, that does not work.'], false],
    ['confirmed', { type: 'boolean' }, ['[DTMF: 1]'], true],
    ['opted_out', { type: 'boolean' }, ['Never call me again.'], true],
    ['adopted', { type: 'boolean' }, ['Never call me again.'], false],
    ['wants_human', { type: 'boolean' }, ['I want to speak to a human please.'], true],
    ['callback_time', { type: ['string', 'null'] }, ['Yes.'], null],
    ['callback_time', { type: ['string', 'null'] }, ['Please call me tomorrow at 10.'], 'tomorrow at 10'],
    ['appointment_day', { type: 'string' }, ['Can we make it Friday?'], 'Friday'],
    ['guests', { type: 'integer' }, ['We are 4 people.'], 4],
    ['name', { type: 'string' }, ['Hello, my name is Ada.'], 'Ada'],
    ['sentiment', { enum: ['positive', 'neutral', 'negative'] }, ['Yes, great.'], 'positive'],
    ['sentiment', { enum: ['positive', 'neutral', 'negative'] }, ['My parrot.'], 'neutral'],
    ['colour', { enum: ['red', 'dark_blue'] }, ['The dark blue one.'], 'dark_blue'],
    ['person', { $ref: '#/$defs/name' }, ['I am Bob'], { name: 'Bob' }],
  ])('%s of %j after %j is %j', (name, property, texts, expected) => {
    const root = {
      type: 'object',
      properties: { [name]: property },
      required: [name],
      $defs: { name: { properties: { name: { type: 'string' } } } },
    };
    expect(extract(root, said(...texts))).toEqual({ [name]: expected });
  });
});

describe('the transcript in a text', () => {
  const expected = [
    { role: 'assistant', text: 'Hi: how are you?' },
    { role: 'user', text: 'Fine.' },
  ];
  it.each([
    'Agent: Hi: how are you?\nCallee: Fine.',
    'Summarise this.\n\n- **Assistant**: Hi: how are you?\n- **User**: Fine.',
    '[00:01] Assistant: Hi: how are you?\n[00:02] Caller (interrupted): Fine.',
    'Transcript: [{"role":"assistant","text":"Hi: how are you?"},{"role":"user","content":"Fine."}]',
  ])('is found in %j', (text) => {
    expect(readTranscript(text)).toEqual(expected);
  });
});
