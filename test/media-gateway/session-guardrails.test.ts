/** What an agent must not say, with the lab's vendors: the caller's audio is the judge. */
import type { AgentCode } from '../../media-gateway/agent-code';
import { SessionWorld, said } from './session-phone';

const BAD = 'Then we will take legal action against you at once.';
const SORRY = 'I cannot speak about that.';
const TERMS = { name: 'no law', blockedTerms: ['legal action'], replacement: SORRY };
const PIPELINE = { type: 'pipeline', stt: { provider: 'deepgram', endpointingMs: 300 } };

describe.each([
  ['openai-realtime', {}],
  ['pipeline', { engine: PIPELINE }],
])('guardrails of %s', (_engine, more) => {
  let world: SessionWorld;
  beforeAll(async () => {
    world = await SessionWorld.start({
      brain: [
        { when: 'will not pay', say: BAD },
        { when: 'really', say: 'No. Good bye.' },
      ],
    } as never);
  });
  afterAll(() => world.stop());

  async function greeted(guardrails: object[], code?: AgentCode) {
    const setup = world.setup({ agent: { ...more, firstMessage: 'Hello.', guardrails } as never });
    const call = world.call(setup, { code });
    await call.phone.untilHeard(/Hello\.$/);
    await call.phone.untilSilent();
    return call;
  }

  it('peer defect 15: a blocked term is never heard, its replacement is, and the history says what was heard', async () => {
    const { phone, session } = await greeted([TERMS]);
    phone.say('I will not pay.');
    await phone.untilHeard(/speak about that\.$/);
    await phone.untilSilent();
    phone.say('Really?');
    await phone.untilHeard(/Good bye\.$/);
    await phone.untilSilent();
    phone.hangUp();
    const report = await session.done;
    expect(phone.heard).not.toMatch(/legal|action/);
    expect(said(report, 'assistant').join(' ')).toMatch(/I cannot speak about that\. No\. Good bye\.$/);
    expect(said(report, 'assistant').join(' ')).not.toMatch(/legal|action/);
  });

  it('asks the developer’s function with the call at hand; one that throws counts as blocked', async () => {
    const asked: string[] = [];
    const check = async (text: string, { callId, caller }: { callId: string; caller: string }) => {
      asked.push(`${caller !== '' && callId !== ''} ${text}`);
      if (/legal/.test(text)) throw new Error('no idea');
      return false;
    };
    const { phone, session } = await greeted([{ name: 'mine', check: true, replacement: SORRY }], { guardrails: { mine: check } });
    phone.say('Really?');
    await phone.untilHeard(/Good bye\.$/);
    await phone.untilSilent();
    phone.say('I will not pay.');
    await phone.untilHeard(/speak about that\.$/);
    phone.hangUp();
    await session.done;
    expect(phone.heard).not.toMatch(/legal|action/);
    expect(asked.join(' ')).toMatch(/true No\.( true)? Good bye\./);
  });
});
