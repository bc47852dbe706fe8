/** What an agent must not say, with the lab's vendors: the caller's audio is the judge. */
import type { AgentCode, GuardrailCheck } from '../../media-gateway/agent-code';
import { SessionWorld, said } from './session-phone';

const BAD = 'Then we will take legal action against you at once.';
const SORRY = 'I cannot speak about that.';
const TERMS = { name: 'no law', blockedTerms: ['legal action'], replacement: SORRY };
const CONVAI = { type: 'elevenlabs-convai', agentId: 'guarded' };
const PIPELINE = { type: 'pipeline', stt: { provider: 'deepgram', endpointingMs: 300 } };

/** All talk at once: they do little but wait for what is said. */
let started: Promise<SessionWorld> | undefined;
const world = () => {
  started ??= SessionWorld.start({
    brain: [
      { when: 'will not pay', say: BAD },
      { when: 'really', say: 'No. Good bye.' },
    ],
  } as never);
  return started;
};
afterAll(async () => (await started)?.stop());

describe.each([
  ['openai-realtime', {}],
  ['pipeline', { engine: PIPELINE }],
  ['elevenlabs-convai', { engine: CONVAI }],
])('guardrails of %s', (_engine, more) => {
  async function greeted(guardrails: object[], code?: AgentCode) {
    const lab = await world();
    const setup = lab.setup({ agent: { ...more, firstMessage: 'Hello.', guardrails } as never });
    const call = lab.call(setup, { code });
    await call.phone.untilHeard(/Hello\.$/, 30_000);
    await call.phone.untilSilent();
    return call;
  }

  it.concurrent('peer defect 15: a blocked term is never heard, its replacement is, and the history says what was heard', async () => {
    const { phone, session } = await greeted([TERMS]);
    phone.say('I will not pay.');
    await phone.untilHeard(/speak about that\.$/, 30_000);
    await phone.untilSilent();
    phone.say('Really?');
    await phone.untilHeard(/Good bye\.$/, 30_000);
    await phone.untilSilent();
    phone.hangUp();
    const report = await session.done;
    expect(phone.heard).not.toMatch(/legal|action/);
    expect(said(report, 'assistant').join(' ')).toMatch(/I cannot speak about that\. No\. Good bye\.$/);
    expect(said(report, 'assistant').join(' ')).not.toMatch(/legal|action/);
  });

  it.concurrent('asks the developer’s function with the call at hand; one that throws counts as blocked', async () => {
    const asked: string[] = [];
    const check = async (text: string, { callId, caller }: { callId: string; caller: string }) => {
      asked.push(`${caller !== '' && callId !== ''} ${text}`);
      if (/legal/.test(text)) throw new Error('no idea');
      return false;
    };
    const { phone, session } = await greeted([{ name: 'mine', check: true, replacement: SORRY }], { guardrails: { mine: check } });
    phone.say('Really?');
    await phone.untilHeard(/Good bye\.$/, 30_000);
    await phone.untilSilent();
    phone.say('I will not pay.');
    await phone.untilHeard(/speak about that\.$/, 30_000);
    phone.hangUp();
    await session.done;
    expect(phone.heard).not.toMatch(/legal|action/);
    expect(asked.join(' ')).toMatch(/true No\.( true)? Good bye\./);
  });

  it.concurrent('a function that does not answer in time counts as blocked, and is told that nobody waits any more', async () => {
    const late: AbortSignal[] = [];
    const check: GuardrailCheck = (text, { signal }) => {
      if (!/legal/.test(text)) return false;
      late.push(signal);
      return new Promise(() => undefined);
    };
    const { phone, session } = await greeted([{ name: 'mine', check: true, timeoutMs: 300, replacement: SORRY }], {
      guardrails: { mine: check },
    });
    phone.say('I will not pay.');
    await phone.untilHeard(/speak about that\.$/, 30_000);
    await phone.untilSilent();
    expect(late.map(({ aborted }) => aborted)).toEqual([true]);
    phone.hangUp();
    const report = await session.done;
    expect(phone.heard).not.toMatch(/legal|action/);
    expect(said(report, 'assistant').at(-1)).toBe(SORRY);
  });
});
