/** Warm transfers: who is called, who is connected, and where the caller is when something dies in between. */
import { CompleteAsyncError } from '@temporalio/activity';
import type { DialResult } from '../../contracts/activities';
import { callScenarios } from './call-scenario';
import { CARRIER_CALL, CallWorld, humanCall, placed, turn } from './call-world';

const HUMAN = '+15005550009';
const warm = (transferTargets: number) => async (): Promise<DialResult> => placed({ transferTargets, transferMode: 'warm' });
const wanted = { transfer: { reason: 'wants to move the appointment' }, turns: [turn('user', 'a human, please')] };
const ended = { status: 'completed', durationS: 12 } as const;

describe('warm transfer', () => {
  const { scenario } = callScenarios();
  /** The caller waits, and the first person's phone rings. */
  const begin = async (world: CallWorld) => {
    await world.answer();
    await world.report('transfer_requested', wanted);
    await world.ranOnce('consult');
    await world.person('ringing');
  };

  scenario('who accepts is connected with the caller, once', 'warm_accepted', (bench) => {
    const world = new CallWorld(bench, { dial: warm(2) });
    return {
      world,
      async play() {
        await begin(world);
        expect(world.inputsOf('consult')).toMatchObject([{ transferNumber: 1, reason: 'wants to move the appointment' }]);
        await world.person('answered');
        expect(await world.view()).toMatchObject({ phase: 'transferring' });
        expect(world.inputsOf('bridge')).toEqual([]);
        await world.person('accepted');
        await world.ranOnce('bridge');
        expect(world.inputsOf('bridge')).toMatchObject([{ humanCallId: humanCall(1), carrierCallId: CARRIER_CALL }]);
        await world.person('bridged');
        await world.person('ended', 1, ended);
        await world.status('completed');
        expect(await world.settled()).toMatchObject({
          outcome: 'transferred',
          transferredTo: HUMAN,
          transfers: [{ transferNumber: 1, result: 'accepted', humanCallId: humanCall(1) }],
          usage: expect.arrayContaining([expect.objectContaining({ item: 'transfer', quantity: 12 })]),
        });
        expect(world.inputsOf('consult')).toHaveLength(1);
        expect(world.inputsOf('restreamCall')).toEqual([]);
        expect(world.inputsOf('askPerson')).toEqual([]);
      },
    };
  });

  scenario('a carrier that only makes the phone ring is told to ask', 'warm_asked', (bench) => {
    const world = new CallWorld(bench, {
      dial: warm(1),
      consult: async () => ({ kind: 'requested', to: HUMAN, humanCallId: humanCall(1), asks: true }),
    });
    return {
      world,
      async play() {
        await begin(world);
        expect(world.inputsOf('askPerson')).toEqual([]);
        await world.person('answered');
        await world.ranOnce('askPerson');
        expect(world.inputsOf('askPerson')).toMatchObject([{ humanCallId: humanCall(1), reason: 'wants to move the appointment' }]);
        await world.person('accepted');
        await world.ranOnce('bridge');
        await world.person('bridged');
        await world.status('completed', { durationS: 40 });
        expect(await world.settled()).toMatchObject({ outcome: 'transferred' });
      },
    };
  });

  scenario('one declines, a machine takes the next: both are hung up on, and the third is connected', 'warm_third', (bench) => {
    const world = new CallWorld(bench, { dial: warm(3) });
    return {
      world,
      async play() {
        await begin(world);
        await world.person('declined');
        await world.person('ended', 1, ended);
        await world.ranOnce('consult', 2);
        await world.person('answered', 2);
        await world.person('machine', 2);
        await world.ranOnce('hangupCall');
        expect(world.inputsOf('hangupCall')).toMatchObject([{ carrierCallId: humanCall(2) }]);
        await world.ranOnce('consult', 3);
        await world.person('accepted', 3);
        await world.ranOnce('bridge');
        await world.person('bridged', 3);
        await world.person('ended', 3, ended);
        await world.status('completed');
        expect(await world.settled()).toMatchObject({
          outcome: 'transferred',
          transfers: [{ result: 'declined' }, { result: 'machine' }, { transferNumber: 3, result: 'accepted' }],
        });
        expect(world.inputsOf('bridge')).toHaveLength(1);
      },
    };
  });

  scenario('nobody takes the call: the caller is back with the agent, who knows the talk', 'warm_nobody', (bench) => {
    const world = new CallWorld(bench, { dial: warm(2) });
    return {
      world,
      async play() {
        await begin(world);
        await world.person('ended', 1, { status: 'no_answer' });
        await world.ranOnce('consult', 2);
        await world.person('ended', 2, { status: 'busy' });
        await world.ranOnce('restreamCall');
        expect(await world.stream('MZ2')).toMatchObject({
          kind: 'attached',
          resume: 'transfer_unanswered',
          history: [turn('user', 'a human, please')],
        });
        await world.report('agent_ended', { turns: [turn('assistant', 'sorry')] }, 2);
        await world.status('completed');
        expect(await world.settled()).toMatchObject({
          outcome: 'completed',
          transfers: [{ result: 'unanswered' }, { result: 'unanswered' }],
          turns: [{ role: 'user' }, { role: 'assistant' }],
        });
        expect(world.inputsOf('bridge')).toEqual([]);
      },
    };
  });

  scenario('the caller hangs up while the phone rings: it stops ringing', 'warm_caller_left', (bench) => {
    const world = new CallWorld(bench, { dial: warm(2) });
    return {
      world,
      async play() {
        await begin(world);
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'completed', transfers: [{ result: 'caller_left' }] });
        expect(world.inputsOf('hangupCall')).toMatchObject([{ carrierCallId: humanCall(1) }]);
        expect(world.inputsOf('consult')).toHaveLength(1);
      },
    };
  });

  scenario('the person hangs up between the key and the connection: the caller goes back to the agent', 'warm_person_left', (bench) => {
    const world = new CallWorld(bench, {
      dial: warm(1),
      fetchCarrierCall: async ({ carrierCallId }) => ({ carrierCallId, status: 'in_progress', to: '', from: '' }),
    });
    return {
      world,
      async play() {
        await begin(world);
        await world.person('accepted');
        await world.ranOnce('bridge');
        await world.person('ended', 1, ended);
        // The room was empty: the news that it began comes from the caller alone, too late to mean anything.
        await world.person('bridged');
        await world.ranOnce('restreamCall');
        expect(await world.stream('MZ2')).toMatchObject({ kind: 'attached', resume: 'transfer_unanswered' });
        await world.report('caller_hung_up', {}, 2);
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'completed', transfers: [{ result: 'failed' }] });
      },
    };
  });

  scenario('a request without an answer: the person is found in the list and not called again', 'warm_unknown', (bench) => {
    const world = new CallWorld(bench, {
      dial: warm(1),
      consult: async () => ({ kind: 'unknown', to: HUMAN }),
      reconcileConsult: async () => ({
        kind: 'found',
        to: HUMAN,
        call: { carrierCallId: humanCall(1), status: 'ringing', to: HUMAN, from: '' },
      }),
    });
    return {
      world,
      async play() {
        await world.answer();
        await world.report('transfer_requested', wanted);
        await world.ranOnce('reconcileConsult');
        await world.person('accepted');
        await world.ranOnce('bridge');
        await world.person('bridged');
        await world.person('ended', 1, ended);
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'transferred', transferredTo: HUMAN });
        expect(world.inputsOf('consult')).toHaveLength(1);
      },
    };
  });

  scenario('a phone that rings after it had been given up is hung up on, and the next person is connected', 'warm_late_leg', (bench) => {
    const world = new CallWorld(bench, {
      dial: warm(2),
      consult: async ({ transferNumber }) =>
        transferNumber === 1
          ? { kind: 'unknown', to: HUMAN }
          : { kind: 'requested', to: HUMAN, humanCallId: humanCall(transferNumber), asks: false },
    });
    return {
      world,
      async play() {
        await world.answer();
        await world.report('transfer_requested', wanted);
        await world.ranOnce('consult', 2);
        await world.person('ringing', 1);
        await world.ranOnce('hangupCall');
        expect(world.inputsOf('hangupCall')).toMatchObject([{ carrierCallId: humanCall(1) }]);
        await world.person('accepted', 1);
        await world.person('accepted', 2);
        await world.ranOnce('bridge');
        expect(world.inputsOf('bridge')).toMatchObject([{ transferNumber: 2 }]);
        await world.person('bridged', 2);
        await world.person('ended', 2, ended);
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'transferred' });
      },
    };
  });

  scenario('the worker dies with the request: the callback tells whose phone rings', 'warm_worker_lost', (bench) => {
    const world = new CallWorld(bench, {
      dial: warm(1),
      // It never answers; its time-out is far away.
      consult: async () => {
        throw new CompleteAsyncError();
      },
    });
    return {
      world,
      async play() {
        await world.answer();
        await world.report('transfer_requested', wanted);
        await world.ranOnce('consult');
        await world.person('ringing');
        await world.person('accepted');
        await world.ranOnce('bridge');
        await world.person('bridged');
        await world.person('ended', 1, ended);
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'transferred', transferredTo: HUMAN });
        expect(world.inputsOf('reconcileConsult')).toEqual([]);
      },
    };
  });

  scenario(
    'the gateway with the music dies: the carrier plays it, and the person is connected all the same',
    'warm_gateway_lost',
    (bench) => {
      const world = new CallWorld(bench, { dial: warm(1), watchHold: async () => ({ lost: true }) });
      return {
        world,
        async play() {
          await begin(world);
          await world.ranOnce('holdCaller');
          expect(await world.nextInstruction()).toEqual({ kind: 'hold' });
          await world.person('accepted');
          await world.ranOnce('bridge');
          await world.person('bridged');
          await world.person('ended', 1, ended);
          await world.status('completed');
          expect(await world.settled()).toMatchObject({ outcome: 'transferred' });
          expect(world.inputsOf('consult')).toHaveLength(1);
          // Another one is to play it than the one that has died.
          expect(world.inputsOf('holdCaller')).toMatchObject([{ lostGatewayId: 'gw-1' }]);
        },
      };
    },
  );

  scenario('a carrier that asks by itself after the gateway died is told to play music, once', 'warm_gateway_lost_asked', (bench) => {
    const world = new CallWorld(bench, { dial: warm(1) });
    return {
      world,
      async play() {
        await begin(world);
        expect(await world.nextInstruction()).toEqual({ kind: 'hold' });
        await world.person('ended', 1, { status: 'no_answer' });
        await world.ranOnce('restreamCall');
        await world.stream('MZ2');
        await world.report('caller_hung_up', {}, 2);
        await world.status('completed');
        await world.settled();
        expect(world.inputsOf('holdCaller')).toEqual([]);
      },
    };
  });

  scenario(
    'bug: a carrier that keeps the call asked, played nothing, and the caller waited in silence',
    'warm_gateway_lost_kept',
    (bench) => {
      let lose = (_: { lost: true }) => {};
      const lost = new Promise<{ lost: true }>((resolve) => {
        lose = resolve;
      });
      const world = new CallWorld(bench, { dial: warm(1), watchHold: () => lost });
      return {
        world,
        async play() {
          await begin(world);
          expect(await world.streamEnded('nonce-MZ1')).toEqual({ kind: 'hold' });
          lose({ lost: true });
          await world.ranOnce('holdCaller');
          await world.person('accepted');
          await world.ranOnce('bridge');
          await world.person('bridged');
          await world.person('ended', 1, ended);
          await world.status('completed');
          expect(await world.settled()).toMatchObject({ outcome: 'transferred' });
          expect(world.inputsOf('holdCaller')).toHaveLength(1);
        },
      };
    },
  );

  scenario('one of the numbers of the prompt is asked for: it alone is tried', 'warm_named', (bench) => {
    const world = new CallWorld(bench, { dial: warm(2) });
    return {
      world,
      async play() {
        await world.answer();
        await world.report('transfer_requested', { transfer: { reason: 'billing', number: '+15005550022' } });
        await world.ranOnce('consult');
        expect(world.inputsOf('consult')).toMatchObject([{ transferNumber: 1, number: '+15005550022' }]);
        await world.person('ended', 1, { status: 'busy' });
        await world.ranOnce('restreamCall');
        await world.stream('MZ2');
        // The next round begins with the first person again.
        await world.report('transfer_requested', wanted, 2);
        await world.ranOnce('consult', 2);
        expect(world.inputsOf('consult')[1]).toEqual(expect.objectContaining({ transferNumber: 3 }));
        expect(world.inputsOf('consult')[1]).not.toHaveProperty('number');
        await world.status('completed');
        await world.settled();
      },
    };
  });

  scenario('the call is stopped while a person decides: both phones are hung up', 'warm_stopped', (bench) => {
    const world = new CallWorld(bench, { dial: warm(1) });
    return {
      world,
      async play() {
        await begin(world);
        await world.person('answered');
        await world.handle.signal('stopCall', { reason: 'canceled', cancelIfQueuedOnly: false });
        expect(await world.settled()).toMatchObject({ outcome: 'completed', reason: 'canceled' });
        expect(world.inputsOf('hangupCall').map((input) => (input as { carrierCallId: string }).carrierCallId)).toEqual([
          humanCall(1),
          CARRIER_CALL,
        ]);
      },
    };
  });
});
