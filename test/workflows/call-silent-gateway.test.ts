/** Heartbeats that stopped: found by killing what is around the call (test/chaos). */
import type { ConversationReport } from '../../contracts/call';
import { callScenarios } from './call-scenario';
import { CallWorld, placed, turn } from './call-world';

const { scenario } = callScenarios();
const TURNS = [turn('assistant', 'one'), turn('user', 'two')];

describe('a gateway that fell silent', () => {
  scenario('bug: when Temporal had been away, the caller was taken from a gateway that still talked', 'gateway_silent_alive', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.answer();
        await world.heartbeat(1, { turns: TURNS });
        await world.ranOnce('commandGateway');
        expect(world.inputsOf('commandGateway')).toMatchObject([{ gatewayId: 'gw-1', command: { kind: 'reattach', streamId: 'MZ1' } }]);
        expect(await world.stream('MZ1')).toMatchObject({ kind: 'attached', attachment: 2, activityId: 'conversation-2' });
        // The session is the same: it reports all of itself.
        await world.report('agent_ended', { turns: [...TURNS, turn('assistant', 'three')] }, 2);
        await world.status('completed');
        const settlement = await world.settled();
        expect(settlement.outcome).toBe('completed');
        expect(settlement.turns.map(({ text }) => text)).toEqual(['one', 'two', 'three']);
        expect(world.inputsOf('restreamCall')).toEqual([]);
      },
    };
  });

  const report: ConversationReport = {
    ...{ end: 'agent_ended', turns: [...TURNS, turn('assistant', 'bye')], usage: [], startedAt: 0, endedAt: 1, toolCalls: [] },
  };
  const lateReport = { kind: 'late_report', report } as const;

  scenario('bug: the report of a call that ended while Temporal was away was dropped, and the call failed', 'late_report', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.answer();
        await world.heartbeat(1, { turns: TURNS });
        await world.ranOnce('commandGateway');
        await world.gatewayEvent(lateReport, 'MZ1', 0);
        await world.status('completed');
        const settlement = await world.settled();
        expect(settlement.outcome).toBe('completed');
        expect(settlement.turns.map(({ text }) => text)).toEqual(['one', 'two', 'bye']);
      },
    };
  });

  scenario(
    'bug: told in the same task as the loss of its gateway, the report was heard first, dropped, and the person called again',
    'early_late_report',
    (bench) => {
      const world = new CallWorld(bench);
      return {
        world,
        async play() {
          await world.answer();
          await world.heartbeat(1, { turns: TURNS });
          await world.gatewayEvent(lateReport, 'MZ1', 0);
          await world.status('completed');
          const settlement = await world.settled();
          expect(settlement.outcome).toBe('completed');
          expect(settlement.turns.map(({ text }) => text)).toEqual(['one', 'two', 'bye']);
        },
      };
    },
  );

  scenario('bug: the next gateway talked to a mailbox in whose message the first one had died', 'gateway_lost_voicemail', (bench) => {
    const world = new CallWorld(bench, {
      dial: async () => placed({ voicemailMessage: 'Call us back.' }),
      commandGateway: async ({ command }) => ({ delivered: command.kind !== 'reattach' }),
    });
    return {
      world,
      async play() {
        await world.answer();
        await world.carrier({ kind: 'amd', answeredBy: 'machine', messageEnd: true });
        await world.ranOnce('commandGateway');
        await world.heartbeat(1, { turns: [turn('assistant', 'Call')] });
        await world.ranOnce('restreamCall');
        expect(await world.stream('MZ2', { gatewayId: 'gw-2' })).toMatchObject({ kind: 'attached', attachment: 2, resume: 'machine' });
        await world.ranOnce('commandGateway', 3);
        expect(world.inputsOf('commandGateway').at(-1)).toMatchObject({
          gatewayId: 'gw-2',
          command: { kind: 'drop_voicemail', streamId: 'MZ2', text: 'Call us back.' },
        });
        await world.report('voicemail_left', {}, 2);
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'voicemail', voicemailLeft: true });
      },
    };
  });

  scenario('bug: an answer whose callback went to a dead gateway left the record without its moment', 'answered_untold', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.status('ringing');
        await world.status('completed', { durationS: 4, at: Date.UTC(2026, 0, 5, 12, 1) });
        expect(await world.settled()).toMatchObject({ answeredAt: Date.UTC(2026, 0, 5, 12, 1) - 4_000 });
      },
    };
  });
});
