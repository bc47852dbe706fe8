import type { UsageLine } from '../contracts/call';
import { campaignFileSchema } from '../contracts/campaign';
import fc from '../test/support/property';
import { DEFAULT_PRICES, estimateCallMicros, estimateVoicemailMicros, priceUsage } from './cost';

const line = (key: string, quantity: number): UsageLine => {
  const [provider, service, item, unit] = key.split('/') as [UsageLine['provider'], string, string, string];
  return { provider, service, item, unit, quantity };
};
const minutes = (seconds: number) => line('twilio/voice/outbound/second', seconds);
const anyLine = fc
  .tuple(fc.constantFrom(...Object.keys(DEFAULT_PRICES), 'openai/realtime/gpt-next/token'), fc.integer({ min: 0, max: 100_000 }))
  .map(([key, quantity]) => line(key, quantity));

test.each([
  [0, 0],
  [1, 14_000],
  [60, 14_000],
  [61, 28_000],
])('%i seconds with Twilio are billed by the started minute: %i micro-dollars', (seconds, micros) => {
  expect(priceUsage([minutes(seconds)]).costMicros).toBe(micros);
});

test('two legs of one call are two started minutes', () => {
  expect(priceUsage([minutes(10), minutes(20)]).costMicros).toBe(28_000);
});

test('a Realtime answer is priced by kind of token, cached ones apart', () => {
  const usage = [
    line('openai/realtime/gpt-realtime/input_audio_token', 1_000),
    line('openai/realtime/gpt-realtime/cached_audio_token', 10_000),
    line('openai/realtime/gpt-realtime/output_audio_token', 500),
    line('openai/realtime/gpt-realtime/input_text_token', 100),
  ];
  expect(priceUsage(usage)).toEqual({
    costMicros: 32_000 + 4_000 + 32_000 + 400,
    costLines: [{ label: 'OpenAI gpt-realtime', micros: 68_400 }],
  });
});

test('detection of machines costs $0.0075 a call', () => {
  expect(priceUsage([line('twilio/amd/async/request', 1)]).costMicros).toBe(7_500);
});

test('what has no price is listed, not lost', () => {
  expect(priceUsage([line('openai/video/sora/second', 5)])).toEqual({
    costMicros: 0,
    costLines: [{ label: 'openai video sora second (no price known)', micros: 0 }],
  });
});

test("an override replaces the list's price", () => {
  const overrides = { 'twilio/voice/outbound/second': { microsPerMillion: 20_000_000_000, perStarted: 60, label: 'Own contract' } };
  expect(priceUsage([minutes(60)], overrides)).toEqual({ costMicros: 20_000, costLines: [{ label: 'Own contract', micros: 20_000 }] });
});

test('money is whole micro-dollars, the lines add up to the total, and the order of usage does not matter', () => {
  fc.assert(
    fc.property(fc.array(anyLine), (usage) => {
      const { costMicros, costLines } = priceUsage(usage);
      expect(costLines.reduce((sum, { micros }) => sum + micros, 0)).toBe(costMicros);
      for (const { micros } of costLines) expect(Number.isInteger(micros)).toBe(true);
      expect(priceUsage(usage.toReversed()).costMicros).toBe(costMicros);
    }),
  );
});

test('splitting the tokens of an answer over several lines changes the price by nothing', () => {
  const key = 'openai/llm/gpt-4o-mini/input_text_token';
  fc.assert(
    fc.property(fc.array(fc.nat(1_000), { minLength: 1 }), (parts) => {
      const whole = parts.reduce((sum, part) => sum + part, 0);
      expect(priceUsage(parts.map((part) => line(key, part))).costMicros).toBe(priceUsage([line(key, whole)]).costMicros);
    }),
  );
});

test('a conversation is forecast dearer than a voicemail', () => {
  const spec = campaignFileSchema.parse({
    name: 'cost',
    from: ['+15005550006'],
    agent: { engine: { type: 'openai-realtime' }, systemPrompt: 'Say hello.' },
  });
  expect(estimateVoicemailMicros(spec)).toBeGreaterThan(14_000);
  expect(estimateCallMicros(spec)).toBeGreaterThan(estimateVoicemailMicros(spec));
});

describe('a forecast', () => {
  const specOf = (engine: object, voicemailMessage = '') =>
    campaignFileSchema.parse({
      name: 'x',
      from: ['+15005550006'],
      agent: { engine, systemPrompt: 'Be brief.' },
      dialing: { voicemailMessage },
    });
  const dear = (key: string) => ({ [key]: { microsPerMillion: 10 ** 13, label: 'dear' } });
  const REALTIME = 'openai/realtime/gpt-realtime/output_audio_token';
  const NOVA = 'deepgram/transcription/nova-3/second';

  test.each([
    ['deepgram', { type: 'pipeline' }, NOVA, REALTIME],
    ['elevenlabs', { type: 'pipeline', tts: { provider: 'elevenlabs' } }, 'elevenlabs/tts/eleven_flash_v2_5/character', REALTIME],
    ['llm', { type: 'pipeline' }, 'openai/llm/gpt-4o-mini/input_text_token', REALTIME],
    ['no llm', { type: 'pipeline', onMessage: { url: 'https://example.com' } }, NOVA, 'openai/llm/gpt-4o-mini/input_text_token'],
    ['convai', { type: 'elevenlabs-convai', agentId: 'a' }, 'elevenlabs/convai/*/second', REALTIME],
    ['realtime', { type: 'openai-realtime' }, REALTIME, NOVA],
  ])('goes by the prices of the vendors that the agent uses, and of no others (%s)', (_, engine, used, unused) => {
    const spec = specOf(engine);
    expect(estimateCallMicros(spec, dear(used))).toBeGreaterThan(estimateCallMicros(spec));
    expect(estimateCallMicros(spec, dear(unused))).toBe(estimateCallMicros(spec));
  });

  test('of a voicemail goes by the voice that speaks it', () => {
    const spec = specOf({ type: 'pipeline', tts: { provider: 'elevenlabs' } }, 'Please call us back.');
    expect(estimateVoicemailMicros(spec, dear('elevenlabs/tts/eleven_flash_v2_5/character'))).toBeGreaterThan(
      estimateVoicemailMicros(spec),
    );
  });
});
