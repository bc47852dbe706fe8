import { ApplicationFailure } from '@temporalio/activity';
import { stopCallSignal } from '../../contracts/call';
import type { InboundCall } from '../../contracts/line';
import { callScenarios } from './call-scenario';
import { CARRIER_CALL, CallWorld, rules, turn } from './call-world';

const { scenario } = callScenarios();

const CALLED = { from: '+15005550001', to: '+15005550006' };
const RULES = rules();
const ADMITTED = {
  ...RULES,
  setup: { ...RULES.setup, direction: 'inbound' as const, campaignId: 'cmp_line', contactId: 'ct_caller', ...CALLED },
};

/** A world whose call came in: the gateway knows the carrier's call and nothing else. */
function inbound(world: CallWorld, carrier: InboundCall['carrier'] = 'twilio'): CallWorld {
  const call: InboundCall = { carrier, carrierCallId: CARRIER_CALL, gatewayId: 'gw-1', sealed: 'sealed' };
  Object.assign(world.input, { campaignId: '', contactId: '', inbound: call });
  return world;
}

describe('a call that came in', () => {
  scenario('is admitted, answered and settled under its line and its caller; nobody is dialled', 'inbound_completed', (bench) => {
    const world = inbound(new CallWorld(bench, { admitInbound: async () => ({ kind: 'admitted', ...ADMITTED }) }));
    return {
      world,
      async play() {
        expect(await world.warmUp()).toMatchObject({ kind: 'attached', attachment: 1, setup: { direction: 'inbound', ...CALLED } });
        // The webhook came twice.
        expect(await world.warmUp()).toMatchObject({ kind: 'attached', attachment: 1 });
        expect(await world.view()).toMatchObject({ phase: 'ringing' });
        expect(await world.stream()).toMatchObject({ kind: 'attached', activityId: 'conversation-1' });
        await world.report('caller_hung_up', { turns: [turn('user', 'when are you open?')] });
        await world.status('completed', { durationS: 12 });
        expect(await world.settled()).toMatchObject({
          outcome: 'completed',
          campaignId: 'cmp_line',
          contactId: 'ct_caller',
          carrierCallId: CARRIER_CALL,
          answeredBy: 'human',
        });
        expect(world.settlements[0]).not.toHaveProperty('inbound');
        expect([...world.inputsOf('dial'), ...world.inputsOf('reconcileDial')]).toEqual([]);
        expect(world.inputsOf('admitInbound')).toHaveLength(1);
      },
    };
  });

  scenario('to a number without a line is refused with the reason, and leaves no record', 'inbound_refused', (bench) => {
    const refusal = { kind: 'refused', code: 'PATTER_LINE_NOT_FOUND', reason: 'no line' } as const;
    const world = inbound(new CallWorld(bench, { admitInbound: async () => refusal }));
    return {
      world,
      async play() {
        expect(await world.warmUp()).toMatchObject({ kind: 'refused', action: 'hangup', code: 'PATTER_LINE_NOT_FOUND' });
        await world.handle.result();
        expect(world.settlements).toEqual([]);
      },
    };
  });

  scenario('whose caller gave up while the database was away is recorded when it is back', 'inbound_given_up', (bench) => {
    let away = 3;
    const world = inbound(
      new CallWorld(bench, {
        admitInbound: async () => {
          if (away-- > 0) throw new Error('the database is away');
          return { kind: 'admitted', ...ADMITTED };
        },
      }),
    );
    return {
      world,
      async play() {
        await world.status('no_answer');
        expect(await world.settled()).toMatchObject({ outcome: 'no_answer', contactId: 'ct_caller' });
        expect(world.inputsOf('admitInbound')).toHaveLength(4);
      },
    };
  });

  scenario('whose gateway died before the stream opened is streamed from another one', 'inbound_restream', (bench) => {
    const world = inbound(new CallWorld(bench, { admitInbound: async () => ({ kind: 'admitted', ...ADMITTED }) }));
    return {
      world,
      async play() {
        await world.warmUp();
        expect(await world.nextInstruction()).toEqual({ kind: 'stream', attachment: 1 });
        await world.stream('MZ2', { gatewayId: 'gw-2' });
        await world.handle.signal(stopCallSignal, { reason: 'enough', cancelIfQueuedOnly: false });
        await world.report('hung_up_by_request');
        expect(await world.settled()).toMatchObject({ outcome: 'completed', contactId: 'ct_caller' });
      },
    };
  });

  const AT_TELNYX = { ...ADMITTED, setup: { ...ADMITTED.setup, carrier: 'telnyx' as const } };

  scenario('bug: rang until the caller gave up where its gateway died before it answered', 'inbound_answered_again', (bench) => {
    const world = inbound(new CallWorld(bench, { admitInbound: async () => ({ kind: 'admitted', ...AT_TELNYX }) }), 'telnyx');
    return {
      world,
      async play() {
        await world.warmUp();
        await world.ranOnce('restreamCall');
        expect(world.inputsOf('restreamCall')).toEqual([
          { callId: world.callId, carrierCallId: CARRIER_CALL, attachment: 1, answer: true },
        ]);
        await world.stream('MZ1', { gatewayId: 'gw-2' });
        await world.report('caller_hung_up', { turns: [turn('user', 'when are you open?')] });
        await world.status('completed', { durationS: 12 });
        expect(await world.settled()).toMatchObject({ outcome: 'completed', contactId: 'ct_caller' });
      },
    };
  });

  scenario('and that nothing answers is hung up on when it has rung long enough', 'inbound_never_answered', (bench) => {
    const refused = ApplicationFailure.nonRetryable('nobody answers', 'PATTER_CARRIER_REFUSED');
    const world: CallWorld = inbound(
      new CallWorld(bench, {
        admitInbound: async () => ({ kind: 'admitted', ...AT_TELNYX }),
        restreamCall: async () => {
          throw refused;
        },
        fetchCarrierCall: async () => ({ ...world.carrierCall(), status: 'ringing', durationS: undefined }),
        hangupCall: async () => ({ ...world.carrierCall(), status: 'no_answer', durationS: undefined }),
      }),
      'telnyx',
    );
    return {
      world,
      async play() {
        await world.warmUp();
        expect(await world.settled()).toMatchObject({ outcome: 'no_answer', contactId: 'ct_caller' });
        expect(world.inputsOf('restreamCall')).toHaveLength(1);
        expect(world.inputsOf('hangupCall')).toHaveLength(1);
      },
    };
  });

  scenario('is not answered twice where all goes well', 'inbound_answered_once', (bench) => {
    const world = inbound(new CallWorld(bench, { admitInbound: async () => ({ kind: 'admitted', ...AT_TELNYX }) }), 'telnyx');
    return {
      world,
      async play() {
        await world.warmUp();
        await world.status('in_progress');
        await world.stream();
        await world.report('caller_hung_up');
        await world.status('completed', { durationS: 12 });
        await world.settled();
        expect(world.inputsOf('restreamCall')).toEqual([]);
      },
    };
  });
});
