import { SessionWorld } from './session-phone';

describe('what the developer orders in a talk', () => {
  let world: SessionWorld;
  beforeEach(async () => {
    world = await SessionWorld.start({ brain: [{ when: 'what was that', say: 'I was told to say it.' }] });
  });
  afterEach(() => world.stop());

  async function greeted() {
    const call = world.call(world.setup({ agent: { firstMessage: 'Hello.' } }));
    await call.phone.untilHeard(/Hello\.$/);
    return call;
  }
  const order = (id: string) => ({ commandId: `c-${id}`, callId: 'x', streamId: 'x' });

  it('says a line once, in a pause, tells that it was heard, and talks on knowing it', async () => {
    const { events, phone, session } = await greeted();
    const say = { ...order('1'), kind: 'say', orderId: '1', text: 'Your taxi waits outside.', interruptible: true } as const;
    expect([session.onCommand(say), session.onCommand(say)]).toEqual([true, true]);
    session.onCommand({ ...order('2'), kind: 'say', orderId: '2', text: 'It is a red car.', interruptible: false });
    await phone.untilHeard(/red car\.$/);
    await phone.until(() => events.length === 2, 'both events');
    expect(events).toEqual([
      { kind: 'said', orderId: '1', result: 'played' },
      { kind: 'said', orderId: '2', result: 'played' },
    ]);
    phone.say('Sorry, what was that?');
    await phone.untilHeard(/I was told to say it\.$/);
    phone.hangUp();
    const { turns } = await session.done;
    const lines = turns.filter(({ role }) => role === 'assistant').map(({ text }) => text);
    expect(lines.filter((text) => text === 'Your taxi waits outside.')).toHaveLength(1);
    expect(phone.heard.match(/taxi/g)).toHaveLength(1);
  });

  it('leaves a line that was not heard to the end to the next stream', async () => {
    const { events, phone, session } = await greeted();
    session.onCommand({
      ...order('1'),
      kind: 'say',
      orderId: '1',
      text: 'A long line that nobody will hear to its very end.',
      interruptible: true,
    });
    await phone.untilHeard(/A long/);
    phone.hangUp();
    await session.done;
    // Whatever the end of the line still sets off.
    await new Promise(setImmediate);
    expect(events).toEqual([]);
  });

  it('hands the caller over when it is told to, after what is being said', async () => {
    const { phone, session } = await greeted();
    session.onCommand({ ...order('1'), kind: 'transfer' });
    expect(await session.done).toMatchObject({ end: 'transfer_requested', transfer: { reason: '' } });
    expect(phone.heard).toMatch(/Hello\.$/);
  });
});
