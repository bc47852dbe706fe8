import OpenAI from 'openai';
import { Demodulator } from '../../lab/voice';
import { BAUD, OpenAiLab } from './openai-harness';

let lab: OpenAiLab;
beforeAll(async () => {
  lab = await OpenAiLab.start();
});
afterAll(() => lab.stop());
afterEach(() => lab.server.reset());

const AGREED = `Assistant: Hi Ada, your appointment is on Tuesday. Does that still suit you?
Caller: Yes, that works for me.
Assistant: Thank you, that is confirmed.
Caller: Great, bye.`;
const DECLINED = `Assistant: Hi Ben, your appointment is on Tuesday. Does that still suit you?
Caller: No, that does not work. Please call me back tomorrow at 10.`;

const SCHEMA = {
  type: 'object',
  properties: {
    confirmed: { type: 'boolean' },
    wants_callback: { type: 'boolean' },
    day: { type: ['string', 'null'] },
    result: { type: 'string', enum: ['confirmed', 'declined', 'unknown'] },
    email: { anyOf: [{ type: 'string' }, { type: 'null' }] },
  },
  required: ['confirmed', 'wants_callback', 'day', 'result', 'email'],
  additionalProperties: false,
};

function listen(pcm: Buffer): string {
  let text = '';
  const demodulator = new Demodulator(
    { sampleRate: 24000, baud: BAUD },
    {
      text: (fragment) => {
        text += fragment;
      },
    },
  );
  demodulator.push(Int16Array.from({ length: pcm.length / 2 }, (_, i) => pcm.readInt16LE(2 * i)));
  return text;
}

describe('audio.speech', () => {
  it('reads the text aloud, and the ledger knows what was billed', async () => {
    const input = 'Hallo Jürgen, hier ist Acme.';
    const request = { model: 'gpt-4o-mini-tts', voice: 'alloy', input } as const;
    const pcm = Buffer.from(await (await lab.client.audio.speech.create({ ...request, response_format: 'pcm' })).arrayBuffer());
    expect(listen(pcm)).toBe(input);
    const wav = Buffer.from(await (await lab.client.audio.speech.create({ ...request, response_format: 'wav' })).arrayBuffer());
    expect(wav.toString('latin1', 0, 4)).toBe('RIFF');
    expect(wav.subarray(44).equals(pcm)).toBe(true);
    expect(lab.speeches.map(({ text, characters, voice }) => ({ text, characters, voice }))).toEqual(
      Array(2).fill({ text: input, characters: input.length, voice: 'alloy' }),
    );
  });

  it('refuses what it cannot say', async () => {
    const create = (change: object) =>
      lab.client.audio.speech.create({ model: 'm', voice: 'alloy', input: 'x', response_format: 'pcm', ...change });
    await expect(create({ input: '' })).rejects.toMatchObject({ status: 400, param: 'input' });
    await expect(create({ response_format: 'opus' })).rejects.toMatchObject({ status: 400, param: 'response_format' });
    await expect(create({ langauge: 'de' })).rejects.toMatchObject({ status: 400, code: 'unknown_parameter', param: 'langauge' });
  });
});

describe.each(['responses', 'chat.completions'] as const)('%s', (api) => {
  const ask = async (input: string, schema?: Record<string, unknown>, strict = true) => {
    if (api === 'responses') {
      const response = await lab.client.responses.create({
        model: 'gpt-4o-mini',
        instructions: 'Work on the transcript.',
        input,
        ...(schema ? { text: { format: { type: 'json_schema', name: 'fields', schema, strict } } } : {}),
      });
      return { text: response.output_text, tokens: response.usage?.total_tokens ?? 0 };
    }
    const completion = await lab.client.chat.completions.create({
      model: 'gpt-4o-mini',
      messages: [
        { role: 'system', content: 'Work on the transcript.' },
        { role: 'user', content: input },
      ],
      ...(schema ? { response_format: { type: 'json_schema', json_schema: { name: 'fields', schema, strict } } } : {}),
    });
    return { text: completion.choices[0]?.message.content ?? '', tokens: completion.usage?.total_tokens ?? 0 };
  };

  it('summarises what was said, and says the same of the same', async () => {
    const agreed = await ask(AGREED);
    expect(agreed.text).toContain('Yes, that works for me.');
    expect(agreed.text).toMatch(/They agreed\.$/);
    expect(agreed.tokens).toBeGreaterThan(0);
    expect((await ask(AGREED)).text).toBe(agreed.text);
    expect((await ask(DECLINED)).text).toMatch(/They asked to be called another time\.$/);
    expect((await ask('Assistant: This is a recorded message.')).text).toMatch(/did not speak/);
  });

  it('fills a schema from what was said', async () => {
    expect(JSON.parse((await ask(AGREED, SCHEMA)).text)).toEqual({
      confirmed: true,
      wants_callback: false,
      day: 'Tuesday',
      result: 'confirmed',
      email: null,
    });
    expect(JSON.parse((await ask(`${DECLINED}\nCaller: Or write to ben@example.org.`, SCHEMA)).text)).toEqual({
      confirmed: false,
      wants_callback: true,
      day: 'tomorrow',
      result: expect.stringMatching(/declined|unknown/),
      email: 'ben@example.org',
    });
    expect(lab.texts.map((text) => text.schema)).toEqual(['fields', 'fields']);
  });

  it('refuses a strict schema that leaves a property open, and takes it when it is not strict', async () => {
    const open = { type: 'object', properties: { note: { type: 'string' } } };
    await expect(ask(AGREED, open)).rejects.toMatchObject({ status: 400, code: 'invalid_json_schema' });
    expect(JSON.parse((await ask(AGREED, open, false)).text)).toEqual({ note: 'Great, bye.' });
  });

  it('fails on demand', async () => {
    lab.server.faults.add({ kind: 'provider_error', event: api === 'responses' ? 'responses' : 'chat', status: 503, delayMs: 0, count: 1 });
    await expect(ask(AGREED)).rejects.toMatchObject({ status: 503 });
    await ask(AGREED);
  });
});

it('lists the models that the product uses', async () => {
  const ids: string[] = [];
  for await (const model of lab.client.models.list()) ids.push(model.id);
  expect(ids).toEqual(expect.arrayContaining(['gpt-realtime', 'gpt-4o-mini-tts', 'gpt-4o-mini-transcribe']));
});

it('asks every request for a key, in the vendor’s shape of errors', async () => {
  const response = await fetch(`${lab.server.url}/v1/models`);
  expect(response.status).toBe(401);
  expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error', param: null, code: null } });
  const anonymous = new OpenAI({ apiKey: ' ', baseURL: `${lab.server.url}/v1`, maxRetries: 0 });
  await expect(anonymous.models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
});
