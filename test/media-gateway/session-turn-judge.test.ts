/** The model that judges the end of a turn, asked over the lab's chat, and in a whole conversation. */
import { llmSchema } from '../../contracts/providers';
import { turnsSchema } from '../../contracts/turns';
import type { ChatEntry } from '../../lab/openai/ledger-entry';
import { llmJudge } from '../../media-gateway/turns/semantic/llm-judge';
import { openChatModel } from '../../providers/llm/open-chat';
import { SessionWorld, said } from './session-phone';

const JUDGE = 'gpt-4o';

let world: SessionWorld;
beforeAll(async () => {
  world = await SessionWorld.start({
    brain: [
      // What the judge says of the whole, and the agent after it.
      { when: 'second part', say: 'All of it is done.' },
      { when: 'first part', say: 'MORE' },
      { when: 'book a table', say: 'DONE.' },
      { when: 'I would like', say: 'more' },
      { when: 'whatever', say: 'The caller seems to be at the end of the thought.' },
    ],
  });
});
afterAll(() => world.stop());

function asks(text: string, { of = world, signal = AbortSignal.timeout(20_000) } = {}): Promise<boolean> {
  const judge = llmJudge(openChatModel(llmSchema.parse({ provider: 'openai', model: JUDGE }), of.deps));
  return judge.finished(text, { language: 'en', signal });
}
const chats = async () => (((await world.ledger()).notes.chat ?? []) as ChatEntry[]).filter(({ model }) => model === JUDGE);

describe('the judge of a turn’s end', () => {
  it('says whether a text is one, by one word, in any case', async () => {
    await expect(asks('Please book a table for two')).resolves.toBe(true);
    await expect(asks('I would like to')).resolves.toBe(false);
    const [first] = await chats();
    expect(JSON.stringify(first?.messages)).toMatch(/language \\"en\\".*DONE.*MORE.*book a table/);
  });

  it('that says something else has said nothing', async () => {
    await expect(asks('Whatever you think of it')).rejects.toMatchObject({ code: 'PATTER_PROVIDER_FAILED' });
  });

  it('that is refused by the vendor has said nothing, and nor has one that is not waited for any more', async () => {
    const busy = await SessionWorld.start();
    await busy.fault({ kind: 'provider_error', event: 'chat', status: 429 });
    await expect(asks('Please book a table for two', { of: busy })).rejects.toMatchObject({ message: expect.stringContaining('429') });
    await busy.stop();
    const signal = AbortSignal.abort(new Error('no verdict in time'));
    await expect(asks('Please book a table for two', { signal })).rejects.toThrow();
  });
});

it('a conversation waits where the judge says that more will come, and answers the whole', async () => {
  const endpointing = { type: 'vad' as const, judgeModel: JUDGE, maxDelayMs: 15_000 };
  const agent = { engine: { type: 'pipeline', stt: { provider: 'deepgram' } } as never, turns: turnsSchema.parse({ endpointing }) };
  const { phone, session } = world.call(world.setup({ agent: { ...agent, firstMessage: 'Hello.' } }));
  await phone.untilHeard(/Hello\.$/);
  await phone.untilSilent();
  phone.say('Mister Meier has got the first part');
  const asked = async () => (await chats()).some(({ said: word, status }) => word === 'MORE' && status !== 'open');
  for (const deadline = Date.now() + 20_000; !(await asked()); ) if (Date.now() > deadline) throw new Error('the judge was not asked');
  // Longer than any delay without it.
  await phone.untilSilent(1_500);
  phone.say('and Miss Miller the second part');
  await phone.untilHeard(/All of it is done\.$/, 30_000);
  phone.hangUp();
  expect(said(await session.done, 'user')).toEqual(['Mister Meier has got the first part and Miss Miller the second part']);
});
