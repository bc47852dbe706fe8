/** Who picks up besides people and mailboxes: what the vote makes of it, what the gateway is told, and how the call turns out. */
import { callScenarios } from './call-scenario';
import { CallWorld, placed, turn } from './call-world';

const { scenario } = callScenarios();

function commands(world: CallWorld) {
  return world.inputsOf('commandGateway').map((input) => (input as { command: unknown }).command);
}

describe('neither a person nor a mailbox', () => {
  scenario('a call screener: introduced to, and nobody comes', 'screened', (bench) => {
    const world = new CallWorld(bench, { dial: async () => placed({ voicemailMessage: 'Call us back.' }) });
    return {
      world,
      async play() {
        await world.answer();
        await world.gatewayEvent({ kind: 'callee_suspected', is: 'call_screening', text: 'name and reason' });
        await world.ranOnce('commandGateway');
        // The carrier takes the screener's tone for that of a mailbox.
        await world.carrier({ kind: 'amd', answeredBy: 'machine', messageEnd: true });
        await world.report('agent_ended', {
          turns: [turn('user', 'name and reason')],
          unreached: { because: 'call_screening', detail: 'nobody came on the line' },
        });
        await world.status('completed');
        expect(await world.settled()).toMatchObject({
          outcome: 'no_answer',
          reason: 'call_screening: nobody came on the line',
          answeredBy: 'call_screening',
          consumed: true,
        });
        expect(commands(world)).toMatchObject([{ kind: 'callee', is: 'call_screening' }]);
      },
    };
  });

  scenario('a call screener, and then the person', 'screened_person', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.answer();
        await world.gatewayEvent({ kind: 'callee_suspected', is: 'call_screening' });
        await world.ranOnce('commandGateway');
        await world.gatewayEvent({ kind: 'human_confirmed', text: 'Hello, Ada speaking.' });
        await world.ranOnce('commandGateway', 2);
        await world.carrier({ kind: 'amd', answeredBy: 'machine', messageEnd: true });
        await world.report('agent_ended', { turns: [turn('user', 'Hello, Ada speaking.')] });
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'completed', answeredBy: 'human' });
        expect(commands(world)).toMatchObject([{ kind: 'callee', is: 'call_screening' }, { kind: 'human' }]);
      },
    };
  });

  scenario('a call screener that turns into a mailbox gets the message', 'screened_voicemail', (bench) => {
    const world = new CallWorld(bench, { dial: async () => placed({ voicemailMessage: 'Call us back.' }) });
    return {
      world,
      async play() {
        await world.answer();
        await world.gatewayEvent({ kind: 'callee_suspected', is: 'call_screening' });
        await world.ranOnce('commandGateway');
        await world.carrier({ kind: 'amd', answeredBy: 'machine', messageEnd: true });
        await world.gatewayEvent({ kind: 'machine_suspected', evidence: 'transcript', text: 'leave a message' });
        await world.ranOnce('commandGateway', 2);
        await world.report('voicemail_left');
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'voicemail', answeredBy: 'machine', voicemailLeft: true });
        // The end that the carrier heard was the screener's.
        expect(commands(world)).toMatchObject([
          { kind: 'callee', is: 'call_screening' },
          { kind: 'drop_voicemail', waitForSilence: true },
        ]);
      },
    };
  });

  scenario(
    "a carrier's guess hangs up on nobody, also without a message to leave; the end of a greeting does",
    'machine_guess',
    (bench) => {
      const world = new CallWorld(bench);
      return {
        world,
        async play() {
          await world.answer();
          await world.carrier({ kind: 'amd', answeredBy: 'machine', messageEnd: false });
          await world.gatewayEvent({ kind: 'callee_suspected', is: 'call_screening' });
          await world.ranOnce('commandGateway');
          await world.gatewayEvent({ kind: 'machine_suspected', evidence: 'transcript', text: 'leave a message' });
          await world.ranOnce('commandGateway', 2);
          await world.report('voicemail_skipped');
          await world.status('completed');
          expect(await world.settled()).toMatchObject({ outcome: 'voicemail', voicemailLeft: false });
          expect(commands(world)).toMatchObject([
            { kind: 'callee', is: 'call_screening' },
            { kind: 'drop_voicemail', text: '' },
          ]);
        },
      };
    },
  );

  scenario('a menu that leads nowhere', 'ivr_loop', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.answer();
        await world.gatewayEvent({ kind: 'callee_suspected', is: 'ivr', text: 'press one' });
        await world.ranOnce('commandGateway');
        await world.report('agent_ended', {
          turns: [turn('user', 'press one')],
          unreached: { because: 'ivr_loop', detail: 'the same menu was heard 3 times' },
        });
        await world.status('completed');
        expect(await world.settled()).toMatchObject({
          outcome: 'no_answer',
          reason: 'ivr_loop: the same menu was heard 3 times',
          answeredBy: 'ivr',
        });
        expect(commands(world)).toMatchObject([{ kind: 'callee', is: 'ivr' }]);
      },
    };
  });

  scenario('a fax machine, by its tone: hung up on', 'fax_tone', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.answer();
        await world.gatewayEvent({ kind: 'callee_suspected', is: 'fax' });
        await world.ranOnce('commandGateway');
        await world.report('hung_up_by_request');
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'failed', reason: 'answered by a fax machine', answeredBy: 'fax' });
        expect(commands(world)).toMatchObject([{ kind: 'hangup' }]);
      },
    };
  });

  scenario('silence ends the call as one that nobody answered', 'silence', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.answer();
        await world.carrier({ kind: 'amd', answeredBy: 'human', messageEnd: false });
        await world.gatewayEvent({ kind: 'callee_suspected', is: 'silence' });
        await world.report('idle', { unreached: { because: 'silence' } });
        await world.status('completed');
        expect(await world.settled()).toMatchObject({
          outcome: 'no_answer',
          reason: 'silence: answered, and nobody spoke',
          answeredBy: 'silence',
        });
        expect(commands(world)).toEqual([]);
      },
    };
  });

  scenario('who was silent and then spoke is a person', 'silence_broken', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.answer();
        await world.gatewayEvent({ kind: 'callee_suspected', is: 'silence' });
        await world.report('caller_hung_up', { turns: [turn('user', 'I was looking for my glasses, now what is it that you want?')] });
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'completed', answeredBy: 'human' });
      },
    };
  });
});
