import type { GatewayCommand } from '../../contracts/call';
import { SessionWorld, said, type TestCall } from './session-phone';

const CONSENT = 'This call is recorded.';

describe('recording and keys, as the talk sees them', () => {
  /** Each in a world of its own, side by side: they do little but wait for what is said. */
  const inWorld = (test: (world: SessionWorld) => Promise<void>) =>
    SessionWorld.during(
      {
        brain: [
          { when: 'do not record', call: { tool: 'set_recording', args: { stopped: true } }, thenSay: 'It is off now.' },
          { when: 'by card', call: { tool: 'set_recording', args: { paused: true } }, thenSay: 'Please tell me the number.' },
          { when: 'press one', call: { tool: 'send_dtmf', args: { digits: '1' } }, thenSay: 'I have pressed it.' },
        ],
      },
      test,
    );

  const recorded = (world: SessionWorld, pausable: boolean, consent = CONSENT) =>
    world.setup({ recording: { consent, pausable }, agent: { firstMessage: 'Hello.' } });

  async function greeted(call: TestCall): Promise<TestCall> {
    await call.phone.untilHeard(/Hello\.$/);
    await call.phone.untilSilent();
    return call;
  }

  /** What the workflow would answer to the latest request. */
  function answer({ session, events }: TestCall, ok: boolean, result: string): void {
    const asked = events.findLast((event) => event.kind === 'set_recording' || event.kind === 'send_digits');
    if (!asked || !('requestId' in asked)) throw new Error('nothing was asked');
    const command: GatewayCommand = {
      kind: 'tool_answer',
      commandId: `a/${asked.requestId}`,
      callId: 'call_1',
      streamId: 'MZtest',
      requestId: asked.requestId,
      ok,
      result,
    };
    expect(session.onCommand(command)).toBe(true);
  }

  it.concurrent('tells of consent only when the line was heard to its end, between disclosure and first message, and nobody talks over it', () =>
    inWorld(async (world) => {
      const call = world.call(recorded(world, false));
      await call.phone.untilHeard(/This call is/);
      call.phone.say('Stop please, who is there and what do you want?');
      expect(call.events).toEqual([]);
      await call.phone.until(() => call.events.length > 0, 'the event');
      expect(call.phone.heard.startsWith(`This is an AI.${CONSENT}`)).toBe(true);
      expect(call.phone.heard).not.toContain('Hello.');
      expect(call.events).toEqual([{ kind: 'consent_heard' }]);
    }));

  it.concurrent('a caller who hangs up into the line has not consented', () =>
    inWorld(async (world) => {
      const call = world.call(recorded(world, false));
      await call.phone.untilHeard(/This call/);
      call.phone.hangUp();
      await call.session.done;
      expect(call.events).toEqual([]);
    }));

  it.concurrent('without a line recording may begin with the greeting; without recording nothing is said of it', () =>
    inWorld(async (world) => {
      const silent = await greeted(world.call(recorded(world, false, '')));
      expect(silent.events).toEqual([{ kind: 'consent_heard' }]);
      const off = await greeted(world.call(world.setup({ agent: { firstMessage: 'Hello.' } })));
      expect(off.events).toEqual([]);
      expect(off.phone.heard).toBe('This is an AI.Hello.');
    }));

  it.concurrent('the model goes on only when the carrier has paused the recording', () =>
    inWorld(async (world) => {
      const call = await greeted(world.call(recorded(world, true)));
      call.phone.say('I pay by card.');
      await call.phone.until(() => call.events.some(({ kind }) => kind === 'set_recording'), 'the request');
      expect(call.events.at(-1)).toMatchObject({ kind: 'set_recording', paused: true });
      expect(call.phone.heard).not.toContain('the number');
      answer(call, true, 'paused');
      await call.phone.untilHeard(/tell me the number\.$/);
      call.phone.hangUp();
      expect((await call.session.done).toolCalls).toMatchObject([{ name: 'set_recording', ok: true, result: '{"status":"paused"}' }]);
    }));

  it.concurrent('a caller who does not want to be recorded: it is stopped for good, and the model says so only then', () =>
    inWorld(async (world) => {
      const call = await greeted(world.call(recorded(world, true)));
      call.phone.say('Please do not record me.');
      await call.phone.until(() => call.events.some(({ kind }) => kind === 'set_recording'), 'the request');
      // A worker of an earlier build pauses it at least.
      expect(call.events.at(-1)).toMatchObject({ kind: 'set_recording', paused: true, stopped: true });
      answer(call, true, 'stopped');
      await call.phone.untilHeard(/It is off now\.$/);
      call.phone.hangUp();
      expect((await call.session.done).toolCalls).toMatchObject([{ name: 'set_recording', ok: true, result: '{"status":"stopped"}' }]);
    }));

  it.concurrent('the tool to pause is there only where the recording is pausable', () =>
    inWorld(async (world) => {
      const call = await greeted(world.call(recorded(world, false)));
      call.phone.say('I pay by card.');
      await call.phone.untilSaid();
      await call.phone.untilHeard(/Hello\..+/);
      expect(call.events.filter(({ kind }) => kind === 'set_recording')).toEqual([]);
    }));

  it.concurrent('keys that the carrier presses beside the stream: the agent listens', () =>
    inWorld(async (world) => {
      const call = await greeted(world.call(world.setup({ agent: { firstMessage: 'Hello.' } })));
      call.phone.say('For sales press one.');
      await call.phone.until(() => call.events.some(({ kind }) => kind === 'send_digits'), 'the request');
      answer(call, true, 'sent');
      await call.phone.untilSilent(1_500);
      expect(call.phone.heard).toBe('This is an AI.Hello.');
      // Done on this very stream: whoever closes it now has hung up.
      call.phone.hangUp();
      expect((await call.session.done).end).toBe('caller_hung_up');
    }));

  it.concurrent('keys that were not pressed: the model hears of it and goes on', () =>
    inWorld(async (world) => {
      const call = await greeted(world.call(world.setup({ agent: { firstMessage: 'Hello.' } })));
      call.phone.say('For sales press one.');
      await call.phone.until(() => call.events.some(({ kind }) => kind === 'send_digits'), 'the request');
      answer(call, false, 'The keys were not pressed: error.');
      await call.phone.untilHeard(/Hello\..+/);
      call.phone.hangUp();
      expect((await call.session.done).toolCalls).toMatchObject([{ name: 'send_dtmf', ok: false }]);
    }));

  it.concurrent('a stream that goes away while keys are pressed is not a caller who hung up, and the call comes back without a word', () =>
    inWorld(async (world) => {
      const call = await greeted(world.call(world.setup({ agent: { firstMessage: 'Hello.' } })));
      call.phone.say('For sales press one.');
      await call.phone.until(() => call.events.some(({ kind }) => kind === 'send_digits'), 'the request');
      call.phone.hangUp();
      const report = await call.session.done;
      expect(report).toMatchObject({ end: 'digits_sent', toolCalls: [{ name: 'send_dtmf', ok: true, result: '{"status":"sent"}' }] });
      expect(said(report, 'user')).toEqual(['For sales press one.']);

      const back = world.call(world.setup({ agent: { firstMessage: 'Hello.' } }), {
        history: report.turns,
        resume: 'digits_sent',
        digits: { digits: '1', sent: true },
      });
      await back.phone.untilSilent(1_500);
      expect(back.phone.heard).toBe('');
      back.phone.say('Who are you?');
      await back.phone.untilHeard(/.{5,}/);
      expect(back.phone.heard).not.toMatch(/back|sorry|interrupt|This is an AI|Hello\./i);
    }));

  it.concurrent('the key that opts out does so only when it is pressed alone', () =>
    inWorld(async (world) => {
      const agent = { firstMessage: 'Hello.', turns: { keypad: { interDigitMs: 300, terminator: '#' } } } as never;
      const call = await greeted(world.call(world.setup({ agent })));
      call.phone.press('1990');
      await call.phone.untilHeard(/Hello\..+/);
      await call.phone.untilSilent();
      call.phone.press('9#');
      await call.phone.untilSilent(800);
      expect(call.events.filter(({ kind }) => kind === 'opt_out')).toEqual([]);
      call.phone.press('9');
      const report = await call.session.done;
      expect(report.end).toBe('opted_out');
      expect(said(report, 'user')).toEqual(['[DTMF: 1990]', '[DTMF: 9#]']);
    }));

  it.concurrent('without a key that opts out, every key that is pressed is told to the agent', () =>
    inWorld(async (world) => {
      const agent = { firstMessage: 'Hello.', optOutKey: null, turns: { keypad: { interDigitMs: 300, terminator: '#' } } } as never;
      const call = await greeted(world.call(world.setup({ direction: 'inbound', agent })));
      const told = () => call.session.checkpoint().turns.flatMap(({ role, text }) => (role === 'user' ? [text] : []));
      for (const [index, key] of ['9', '#', '*'].entries()) {
        call.phone.press(key);
        await call.phone.until(() => told().length > index, `the key ${key}`);
        await call.phone.untilSilent();
      }
      expect(told()).toEqual(['[DTMF: 9]', '[DTMF: #]', '[DTMF: *]']);
      expect(call.events.filter(({ kind }) => kind === 'opt_out')).toEqual([]);
      call.phone.hangUp();
      expect((await call.session.done).end).toBe('caller_hung_up');
    }));
});
