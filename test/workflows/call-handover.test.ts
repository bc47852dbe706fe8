import { stopCallSignal } from '../../contracts/call';
import type { CarrierCallStatus } from '../../contracts/carrier';
import { callScenarios } from './call-scenario';
import { CallWorld, placed, rules, turn } from './call-world';

const { scenario } = callScenarios();
const withHumans = (transferTargets: number) => async () => placed({ transferTargets });
const HUMAN = '+15005550009';

describe('transfer to a person', () => {
  scenario('the person answers: the call is transferred, and lives on until the carrier ends it', 'transferred', (bench) => {
    const world = new CallWorld(bench, { dial: withHumans(1) });
    return {
      world,
      async play() {
        await world.answer();
        await world.report('transfer_requested', { turns: [turn('user', 'a human, please')] });
        await world.ranOnce('transferCall');
        await world.carrier({ kind: 'stream', status: 'stopped', streamId: 'MZ1' });
        await world.carrier({ kind: 'transfer_result', transferNumber: 1, answered: true, status: 'in_progress' });
        expect(await world.view()).toMatchObject({ phase: 'transferred' });
        await world.carrier({ kind: 'transfer_result', transferNumber: 1, answered: true, status: 'completed' });
        expect(await world.nextInstruction()).toEqual({ kind: 'hangup' });
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'transferred', transferredTo: HUMAN });
        expect(world.inputsOf('restreamCall')).toEqual([]);
      },
    };
  });

  scenario(
    'every callback of the end of a transferred call is lost: the carrier is asked within half a minute',
    'transferred_unheard',
    (bench) => {
      const world = new CallWorld(bench, {
        dial: withHumans(1),
        fetchCarrierCall: async ({ carrierCallId }) => ({ carrierCallId, status: 'completed', to: '', from: '', durationS: 40 }),
      });
      return {
        world,
        async play() {
          await world.answer();
          await world.report('transfer_requested', { turns: [turn('user', 'a human, please')] });
          await world.ranOnce('transferCall');
          await world.carrier({ kind: 'transfer_result', transferNumber: 1, answered: true, status: 'in_progress' });
          expect(await world.settled()).toMatchObject({ outcome: 'transferred', transferredTo: HUMAN, durationS: 40 });
        },
      };
    },
  );

  scenario(
    'nobody answers: the next person is tried, then the caller is back with the agent, who knows the talk',
    'transfer_failed',
    (bench) => {
      const world = new CallWorld(bench, { dial: withHumans(2) });
      return {
        world,
        async play() {
          await world.answer();
          await world.report('transfer_requested', { turns: [turn('user', 'a human, please')] });
          await world.ranOnce('transferCall');
          await world.carrier({ kind: 'transfer_result', transferNumber: 1, answered: false, status: 'no_answer' });
          expect(await world.nextInstruction()).toMatchObject({ kind: 'wait' });
          await world.ranOnce('transferCall', 2);
          await world.carrier({ kind: 'transfer_result', transferNumber: 2, answered: false, status: 'busy' });
          expect(await world.nextInstruction()).toEqual({ kind: 'stream', attachment: 2 });
          expect(await world.stream('MZ2')).toMatchObject({ kind: 'attached', attachment: 2, history: [turn('user', 'a human, please')] });
          await world.report('agent_ended', { turns: [turn('assistant', 'sorry')] }, 2);
          await world.status('completed');
          expect(await world.settled()).toMatchObject({ outcome: 'completed', turns: [{ role: 'user' }, { role: 'assistant' }] });
          expect(world.inputsOf('transferCall')).toMatchObject([{ transferNumber: 1 }, { transferNumber: 2 }]);
        },
      };
    },
  );

  scenario(
    'peer defect 8: an agent without its AI provider gives the caller to a person, and the record says why',
    'transfer_provider_failed',
    (bench) => {
      const world = new CallWorld(bench, { dial: withHumans(1) });
      const error = 'PATTER_PROVIDER_FAILED openai-realtime: closed with 1011';
      return {
        world,
        async play() {
          await world.answer();
          await world.report('transfer_requested', { error, transfer: { reason: 'The AI agent had a technical problem.' } });
          await world.ranOnce('transferCall');
          await world.carrier({ kind: 'transfer_result', transferNumber: 1, answered: true, status: 'completed' });
          expect(await world.nextInstruction()).toEqual({ kind: 'hangup' });
          await world.status('completed');
          expect(await world.settled()).toMatchObject({ outcome: 'transferred', transferredTo: HUMAN, reason: error });
        },
      };
    },
  );

  scenario('the carrier refuses: the caller is connected with the agent again', 'transfer_refused', (bench) => {
    const world = new CallWorld(bench, { dial: withHumans(1), transferCall: async () => ({ kind: 'refused', reason: 'no' }) });
    return {
      world,
      async play() {
        await world.answer();
        await world.report('transfer_requested');
        await world.ranOnce('restreamCall');
        await world.stream('MZ2');
        await world.report('caller_hung_up', {}, 2);
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'completed' });
      },
    };
  });

  scenario('an answer that never came: the legs are looked up, and nobody is dialled twice', 'transfer_unknown', (bench) => {
    const world = new CallWorld(bench, {
      dial: withHumans(1),
      transferCall: async () => ({ kind: 'unknown', to: HUMAN }),
      reconcileTransfer: async () => ({ dialed: true, answered: true }),
    });
    return {
      world,
      async play() {
        await world.answer();
        await world.report('transfer_requested');
        await world.ranOnce('reconcileTransfer');
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'transferred', transferredTo: HUMAN });
        expect(world.inputsOf('transferCall')).toHaveLength(1);
      },
    };
  });

  scenario('the result comes after the end of the call: still a transfer', 'transfer_late_result', (bench) => {
    const world = new CallWorld(bench, { dial: withHumans(1) });
    return {
      world,
      async play() {
        await world.answer();
        await world.report('transfer_requested');
        await world.ranOnce('transferCall');
        await world.status('completed');
        await world.carrier({ kind: 'transfer_result', transferNumber: 1, answered: true, status: 'completed' });
        expect(await world.settled()).toMatchObject({ outcome: 'transferred', transferredTo: HUMAN });
      },
    };
  });

  scenario("the caller hangs up while the person's phone rings", 'transfer_caller_left', (bench) => {
    const world = new CallWorld(bench, { dial: withHumans(1) });
    return {
      world,
      async play() {
        await world.answer();
        await world.report('transfer_requested', { turns: [turn('user', 'a human')] });
        await world.ranOnce('transferCall');
        await world.status('completed');
        const settlement = await world.settled();
        expect(settlement).toMatchObject({ outcome: 'completed' });
        expect(settlement.transferredTo).toBeUndefined();
      },
    };
  });
});

describe('a gateway is lost', () => {
  scenario('the carrier comes back by itself: the new gateway goes on from the last heartbeat', 'gateway_lost', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.answer();
        await world.gatewayEvent({ kind: 'sealed_turns', turns: [turn('assistant', 'one')] });
        await world.heartbeat(1, { turns: [turn('assistant', 'one'), turn('user', 'two')], sealedTurns: 0 });
        // The gateway is killed here; its heartbeat's time-out tells.
        expect(await world.nextInstruction()).toEqual({ kind: 'stream', attachment: 2 });
        expect(await world.stream('MZ2', { gatewayId: 'gw-2' })).toMatchObject({
          kind: 'attached',
          attachment: 2,
          activityId: 'conversation-2',
          history: [turn('assistant', 'one'), turn('user', 'two')],
        });
        await world.report('agent_ended', { turns: [turn('assistant', 'three')] }, 2);
        await world.status('completed');
        const settlement = await world.settled();
        expect(settlement).toMatchObject({ outcome: 'completed' });
        expect(settlement.turns.map(({ text }) => text)).toEqual(['one', 'two', 'three']);
        expect(world.inputsOf('restreamCall')).toEqual([]);
      },
    };
  });

  scenario('the carrier stays silent: the workflow connects the caller with another gateway', 'gateway_lost_restream', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.answer();
        await world.ranOnce('restreamCall');
        await world.stream('MZ2', { gatewayId: 'gw-2' });
        await world.report('agent_ended', {}, 2);
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'completed' });
        expect(world.inputsOf('restreamCall')).toEqual([{ callId: world.callId, carrierCallId: 'CA1', attachment: 2 }]);
      },
    };
  });

  scenario('no gateway ever comes: the call is given up after a bounded number of tries', 'gateway_lost_for_good', (bench) => {
    const world: CallWorld = new CallWorld(bench, {
      restreamCall: async () => ({ gatewayId: 'gw-2' }),
      hangupCall: async () => ({ ...world.carrierCall(), status: 'completed' as CarrierCallStatus }),
    });
    return {
      world,
      async play() {
        await world.answer();
        expect(await world.settled()).toMatchObject({ outcome: 'failed', consumed: true });
        expect(world.inputsOf('restreamCall')).toHaveLength(3);
        expect(world.inputsOf('hangupCall')).toHaveLength(1);
      },
    };
  });

  scenario('a gateway that drains hands the call over', 'drained', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.answer();
        await world.report('drained', { turns: [turn('user', 'one')] });
        expect(await world.nextInstruction()).toEqual({ kind: 'stream', attachment: 2 });
        expect(await world.stream('MZ2')).toMatchObject({ history: [turn('user', 'one')] });
        await world.report('agent_ended', {}, 2);
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'completed' });
      },
    };
  });

  scenario(
    'the caller is gone before another gateway comes: the lost talk is recorded as far as it is known',
    'gateway_lost_call_ended',
    (bench) => {
      const world = new CallWorld(bench);
      return {
        world,
        async play() {
          await world.answer();
          await world.heartbeat(1, { turns: [turn('user', 'hello')] });
          await world.status('completed');
          expect(await world.settled()).toMatchObject({ outcome: 'failed', turns: [turn('user', 'hello')] });
        },
      };
    },
  );
});

describe('pause and cancel', () => {
  scenario('a pause takes a queued call back: no attempt is lost', 'paused_in_queue', (bench) => {
    const world: CallWorld = new CallWorld(bench, { hangupCall: async () => ({ ...world.carrierCall(), status: 'canceled' }) });
    return {
      world,
      async play() {
        await world.handle.signal(stopCallSignal, { reason: 'the campaign is paused', cancelIfQueuedOnly: true });
        expect(await world.settled()).toMatchObject({ outcome: 'canceled', consumed: false, reason: 'the campaign is paused' });
        expect(world.inputsOf('hangupCall')).toMatchObject([{ onlyIfQueued: true }]);
      },
    };
  });

  scenario('a pause leaves a ringing call alone', 'paused_ringing', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.status('ringing');
        await world.handle.signal(stopCallSignal, { reason: 'the campaign is paused', cancelIfQueuedOnly: true });
        await world.status('no_answer');
        expect(await world.settled()).toMatchObject({ outcome: 'no_answer', consumed: true });
        expect(world.inputsOf('hangupCall')).toEqual([]);
      },
    };
  });

  scenario('a stop ends a talk', 'stopped', (bench) => {
    const world: CallWorld = new CallWorld(bench, {
      hangupCall: async () => ({ ...world.carrierCall(), status: 'completed' }),
    });
    return {
      world,
      async play() {
        await world.answer();
        await world.handle.signal(stopCallSignal, { reason: 'stop all', cancelIfQueuedOnly: false });
        await world.ranOnce('hangupCall');
        await world.report('caller_hung_up');
        expect(await world.settled()).toMatchObject({ outcome: 'completed' });
      },
    };
  });

  scenario('a workflow that is canceled still hangs up and writes its record', 'workflow_canceled', (bench) => {
    const world: CallWorld = new CallWorld(bench, {
      dial: async () => ({ kind: 'placed', carrierCallId: 'CA1', status: 'queued', ...rules() }),
      hangupCall: async () => ({ ...world.carrierCall(), status: 'canceled' }),
    });
    return {
      world,
      async play() {
        await world.ranOnce('dial');
        await world.handle.cancel();
        expect(await world.settled()).toMatchObject({ outcome: 'canceled', consumed: false });
      },
    };
  });
});
