import { SessionWorld, said } from './session-phone';

describe('how a call ends', () => {
  /** Each in a world of its own, side by side: they do little but wait for what is said. */
  const inWorld = (test: (world: SessionWorld) => Promise<void>) =>
    SessionWorld.during(
      {
        brain: [
          {
            when: 'come back to me',
            call: { tool: 'schedule_callback', args: { when: 'tomorrow at ten', at: '2026-12-01T10:00:00+01:00' } },
            thenSay: 'Noted.',
          },
          { when: 'hang up', say: 'As you wish, and have a very nice day today.', call: { tool: 'end_call' } },
          { when: 'DTMF: 12#\\]', say: 'You pressed twelve.' },
          { when: 'wait wait', say: 'I wait.' },
        ],
      },
      test,
    );

  async function greeted(world: SessionWorld, overrides: Parameters<SessionWorld['setup']>[0] = {}) {
    const call = world.call(world.setup({ ...overrides, agent: { firstMessage: 'Hello.', ...overrides?.agent } }));
    await call.phone.untilHeard(/Hello\.$/);
    await call.phone.untilSilent();
    return call;
  }

  // The longest of them begins first.
  it.concurrent('asks once whether somebody is there, and then ends', () =>
    inWorld(async (world) => {
      const { phone, session } = await greeted(world);
      const report = await session.done;
      expect(report.end).toBe('idle');
      expect(phone.heard.match(/Are you still there\?/g)).toHaveLength(1);
    }));

  it.concurrent('transfers when the announcement was heard, and holds the line until the carrier takes it', () =>
    inWorld(async (world) => {
      const { phone, session } = await greeted(world);
      phone.say('I want to speak with a person.');
      const report = await session.done;
      expect(report).toMatchObject({ end: 'transfer_requested', transfer: { reason: 'I want to speak with a person.' } });
      expect(phone.heard).toMatch(/I will connect you\.$/);
      const frames = phone.sentFrames;
      phone.hangUp();
      expect(phone.sentFrames).toBe(frames);
      expect(session.onCommand({ commandId: 'c1', callId: 'x', streamId: 'x', kind: 'hangup', reason: 'late' })).toBe(false);
    }));

  it.concurrent('has no transfer where none is configured', () =>
    inWorld(async (world) => {
      const { phone } = await greeted(world, { canTransfer: false });
      phone.say('I want to speak with a person.');
      await phone.untilHeard(/cannot connect you/);
      const [vendor] = await world.realtime();
      expect(vendor?.tools).not.toContain('transfer_call');
    }));

  it.concurrent('tells an opt-out at once, confirms it word by word and ends', () =>
    inWorld(async (world) => {
      const { phone, session, events } = await greeted(world);
      phone.say('Never call me again.');
      await phone.until(() => events.length > 0, 'the event');
      expect(events).toEqual([expect.objectContaining({ kind: 'opt_out', by: 'voice' })]);
      const report = await session.done;
      expect(report.end).toBe('opted_out');
      expect(phone.heard).toMatch(/You will not be called again\. Goodbye\.$/);
    }));

  it.concurrent('opts out by the key alone, also while the agent speaks', () =>
    inWorld(async (world) => {
      const { phone, session, events } = await greeted(world);
      phone.press('9');
      const report = await session.done;
      expect(events).toEqual([{ kind: 'opt_out', by: 'key', text: '9' }]);
      expect(report.end).toBe('opted_out');
      expect(phone.heard).toMatch(/You will not be called again/);
    }));

  it.concurrent('stays an opt-out when the caller hangs up into the confirmation', () =>
    inWorld(async (world) => {
      const { phone, session } = await greeted(world);
      phone.press('9');
      await phone.untilHeard(/You will not/);
      phone.hangUp();
      expect((await session.done).end).toBe('opted_out');
    }));

  it.concurrent('takes digits that belong together as one message of the caller, the opt-out key among them', () =>
    inWorld(async (world) => {
      const { phone, session, events } = await greeted(world);
      phone.press('129');
      await phone.until(() => session.checkpoint().turns.some((turn) => turn.text === '[DTMF: 129]'), 'the keys');
      phone.press('12#');
      await phone.untilHeard(/You pressed twelve\./);
      expect(events).toEqual([]);
    }));

  it.concurrent('keeps a request for a callback', () =>
    inWorld(async (world) => {
      const { phone, session } = await greeted(world);
      phone.say('Please come back to me.');
      await phone.untilHeard(/Noted\.$/);
      phone.hangUp();
      expect((await session.done).callback).toEqual({ when: 'tomorrow at ten', at: '2026-12-01T10:00:00+01:00' });
    }));

  it.concurrent('plays the last words to their end before it ends', () =>
    inWorld(async (world) => {
      const { phone, session } = await greeted(world);
      phone.say('Please hang up.');
      const report = await session.done;
      expect(report.end).toBe('agent_ended');
      expect(phone.heard).toMatch(/have a very nice day today\.$/);
      expect(phone.backlog).toBe(0);
    }));

  it.concurrent('does not hang up on a caller who goes on to speak', () =>
    inWorld(async (world) => {
      const { phone, session } = await greeted(world);
      phone.say('Please hang up.');
      await phone.untilHeard(/As you wish/);
      phone.say('No, wait wait, I have one more question for you, please stay with me.');
      await phone.untilHeard(/I wait\.$/);
      phone.hangUp();
      expect((await session.done).end).toBe('caller_hung_up');
    }));

  it.concurrent('ends within bounds when the carrier never confirms what was played', () =>
    inWorld(async (world) => {
      const { phone, session } = await greeted(world);
      phone.echoesMarks = false;
      phone.say('Please hang up.');
      expect((await session.done).end).toBe('agent_ended');
    }));

  it.concurrent('says goodbye at the time limit', () =>
    inWorld(async (world) => {
      const { phone, session } = await greeted(world, { agent: { maxDurationMs: 9_000 } });
      const report = await session.done;
      expect(report.end).toBe('time_limit');
      expect(phone.heard).toMatch(/time for this call is over\. Goodbye\.$/);
    }));

  it.concurrent('hangs up by order, with a farewell, and takes an order once', () =>
    inWorld(async (world) => {
      const { phone, session } = await greeted(world);
      const order = {
        commandId: 'c1',
        callId: 'x',
        streamId: 'x',
        kind: 'hangup',
        reason: 'canceled',
        say: 'We have to stop here.',
      } as const;
      expect(session.onCommand(order)).toBe(true);
      expect(session.onCommand(order)).toBe(true);
      const report = await session.done;
      expect(report.end).toBe('hung_up_by_request');
      expect(phone.heard.match(/We have to stop here\./g)).toHaveLength(1);
    }));

  it.concurrent('hands over what was said when it drains', () =>
    inWorld(async (world) => {
      const { phone, session } = await greeted(world);
      phone.say('Yes.');
      await phone.untilHeard(/Thank you, that/);
      session.drain(0);
      const report = await session.done;
      expect(report.end).toBe('drained');
      expect(said(report, 'user')).toEqual(['Yes.']);
      expect(report.turns.at(-1)).toMatchObject({ role: 'assistant', interrupted: true });
    }));

  it.concurrent('leaves the answer to the next gateway when the caller speaks during a drain', () =>
    inWorld(async (world) => {
      const { phone, session } = await greeted(world);
      session.drain(20_000);
      phone.say('Yes, on Friday.');
      const report = await session.done;
      expect(report.end).toBe('drained');
      expect(said(report, 'user')).toEqual(['Yes, on Friday.']);
      expect(phone.heard).toMatch(/Hello\.$/);
    }));

  it.concurrent('ends its sentence before it drains, and goes while the caller is silent', () =>
    inWorld(async (world) => {
      const { phone, session } = await greeted(world);
      phone.say('Yes.');
      await phone.untilHeard(/Thank you, that/);
      session.drain(20_000);
      const report = await session.done;
      expect(report.end).toBe('drained');
      expect(report.turns.filter((turn) => turn.interrupted)).toEqual([]);
      expect(report.turns.at(-1)?.role).toBe('assistant');
    }));

  it.concurrent('takes a call over without a word about it, with the answer that is due', () =>
    inWorld(async (world) => {
      const history = [
        { role: 'assistant' as const, text: 'Can you come on Friday?', at: Date.now() - 4_000 },
        { role: 'user' as const, text: 'wait wait', at: Date.now() - 2_000 },
      ];
      const { phone } = world.call(world.setup(), { history, resume: 'handed_over' });
      await phone.untilHeard(/I wait\./);
      expect(phone.heard).toBe('I wait.');
    }));

  it.concurrent('still gets the words of a caller who hangs up right after them', () =>
    inWorld(async (world) => {
      const { phone, session } = await greeted(world);
      phone.say('I have to go.');
      await phone.untilSaid();
      phone.hangUp();
      const report = await session.done;
      expect(report.end).toBe('caller_hung_up');
      expect(said(report, 'user')).toEqual(['I have to go.']);
    }));
});
