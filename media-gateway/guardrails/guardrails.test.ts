import { agentSchema } from '../../contracts/agent';
import type { CallSetup } from '../../contracts/call';
import { ManualClock } from '../../test/support/manual-clock';
import type { GuardrailCheck } from '../agent-code';
import { Guardrails } from './guardrails';

const TIMEOUT_MS = 400;

function guarded(check: GuardrailCheck | undefined) {
  const clock = new ManualClock();
  const agent = agentSchema.parse({
    engine: { type: 'openai-realtime' },
    systemPrompt: 'x',
    guardrails: [
      { name: 'mine', check: true, timeoutMs: TIMEOUT_MS },
      { name: 'terms', blockedTerms: ['sue'] },
    ],
  });
  const setup = { agent, callId: 'call_1', from: '+1', to: '+2', direction: 'outbound', variables: {} } as unknown as CallSetup;
  const log = { warn: jest.fn(), info: jest.fn() };
  const rails = new Guardrails(setup, { guardrails: check && { mine: check } }, clock, log);
  const blocked: string[] = [];
  rails.listen({ blocked: ({ name }) => blocked.push(name) }, () => [{ role: 'user', text: 'Hello?', at: 0 }]);
  return { rails, clock, log, blocked };
}

describe('a function that judges a sentence', () => {
  it.each<[string, GuardrailCheck, string | undefined]>([
    ['lets it pass', () => false, undefined],
    ['lets it pass later', async () => false, undefined],
    ['takes exception', () => true, 'mine'],
    ['takes exception later', async () => true, 'mine'],
    [
      'throws',
      () => {
        throw new Error('no idea');
      },
      'mine',
    ],
    ['rejects', async () => Promise.reject(new Error('no idea')), 'mine'],
  ])('that %s', async (_, check, expected) => {
    const { rails, clock } = guarded(check);
    expect((await rails.judge('Good morning.'))?.name).toBe(expected);
    // Its deadline dies with it.
    expect(clock.pending).toBe(0);
  });

  it('that is late counts as blocked, is told that nobody waits any more, and what it says then changes nothing', async () => {
    let answer: (exception: boolean) => void = () => undefined;
    let signal: AbortSignal | undefined;
    const { rails, clock, log, blocked } = guarded((_, context) => {
      ({ signal } = context);
      return new Promise((resolve) => {
        answer = resolve;
      });
    });
    const passes = rails.passes('', 'Good morning.');
    clock.pass(TIMEOUT_MS - 1);
    expect([signal?.aborted, blocked]).toEqual([false, []]);
    clock.pass(1);
    expect(await passes).toBe(false);
    expect([signal?.aborted, blocked]).toEqual([true, ['mine']]);
    expect(log.warn).toHaveBeenCalledWith({ guardrail: 'mine', timeoutMs: TIMEOUT_MS }, 'a guardrail was late: blocked');
    answer(false);
    await Promise.resolve();
    expect(blocked).toEqual(['mine']);
    expect(clock.pending).toBe(0);
  });

  it('that fails after its time is up is nobody’s unhandled rejection', async () => {
    let fail: (error: Error) => void = () => undefined;
    const { rails, clock } = guarded(
      () =>
        new Promise((_, reject) => {
          fail = reject;
        }),
    );
    const judged = rails.judge('Good morning.');
    clock.pass(TIMEOUT_MS);
    expect((await judged)?.name).toBe('mine');
    fail(new Error('too late'));
    await new Promise(setImmediate);
  });

  it('that this process does not have counts as blocked', async () => {
    expect((await guarded(undefined).rails.judge('Good morning.'))?.name).toBe('mine');
  });

  it('is told of the call, and asked only where no term decides', async () => {
    const asked: unknown[] = [];
    const { rails, blocked } = guarded((text, { callId, caller, history }) => {
      asked.push([text, callId, caller, history.map((turn) => turn.text)]);
      return false;
    });
    expect(await rails.passes('We will', 'sue you.')).toBe(false);
    expect(await rails.passes('', ' Good morning. ')).toBe(true);
    expect(asked).toEqual([['Good morning.', 'call_1', '+1', ['Hello?']]]);
    expect(blocked).toEqual(['terms']);
  });

  it('tells nobody after the end of the call, which it is told of', async () => {
    let signal: AbortSignal | undefined;
    const { rails, clock, blocked } = guarded((_, context) => {
      ({ signal } = context);
      return new Promise(() => undefined);
    });
    const passes = rails.passes('', 'Good morning.');
    rails.dispose();
    expect(signal?.aborted).toBe(true);
    clock.pass(TIMEOUT_MS);
    expect(await passes).toBe(false);
    expect(blocked).toEqual([]);
  });
});
