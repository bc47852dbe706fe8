/** A call that was answered while this workflow could not be reached: its gateway talked all the same, and tells afterwards. */
import { callScenarios } from './call-scenario';
import { CallWorld, placed, turn, until } from './call-world';

const { scenario } = callScenarios();
const T0 = Date.UTC(2026, 0, 5, 12);
const TURNS = [turn('assistant', 'I am an AI. Hi.'), turn('user', 'Thank you, goodbye.')];
const GATEWAY = { gatewayId: 'gw-1', streamId: 'MZ1', at: T0 };

describe('a talk that the workflow had not heard of', () => {
  scenario('counts as any other, although the news of its end came first', 'untold_talk', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.status('ringing');
        await world.status('in_progress');
        await world.status('completed', { durationS: 20 });
        await until(async () => (await world.view()).phase === 'settling', 'the news of the end has been taken in');
        expect(await world.finished({ turns: TURNS })).toEqual({ kind: 'attached', history: [], attachment: 1 });
        const settlement = await world.settled();
        expect(settlement).toMatchObject({ outcome: 'completed', turns: TURNS, answeredBy: 'human' });
        expect(settlement.usage).toEqual([{ provider: 'twilio', service: 'voice', item: 'media_stream', unit: 'second', quantity: 18 }]);
        expect(world.inputsOf('conversation')).toEqual([]);
        expect(world.inputsOf('restreamCall')).toEqual([]);
      },
    };
  });

  scenario('opts out whoever said so, and was answered when its agent began', 'untold_talk_opted_out', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.status('ringing');
        const events = [{ ...GATEWAY, sequence: 1, kind: 'opt_out', by: 'voice', text: 'Never call me again.' }] as const;
        await world.finished({ end: 'opted_out', turns: TURNS, startedAt: T0 + 2_500 }, [...events]);
        await world.status('completed', { durationS: 20 });
        expect(await world.settled()).toMatchObject({ outcome: 'opted_out', answeredAt: T0 + 2_500 });
        expect(world.inputsOf('recordOptOut')).toHaveLength(1);
      },
    };
  });

  scenario('is followed by the transfer that its caller waits for', 'untold_talk_transfers', (bench) => {
    const world = new CallWorld(bench, { dial: async () => placed({ transferTargets: 1 }) });
    return {
      world,
      async play() {
        await world.status('ringing');
        await world.status('in_progress');
        await world.finished({ end: 'transfer_requested', turns: TURNS, transfer: { reason: 'a human' } });
        await world.ranOnce('transferCall');
        // Told again, by a gateway that did not hear the answer.
        expect(await world.finished({ end: 'transfer_requested', turns: TURNS })).toMatchObject({ kind: 'attached', attachment: 1 });
        await world.carrier({ kind: 'transfer_result', transferNumber: 1, answered: true, status: 'completed', durationS: 30 });
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'transferred', turns: TURNS });
      },
    };
  });

  scenario('whose attach came through, and only the answer was lost, is told once', 'untold_talk_attached', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.answer();
        await world.ranOnce('conversation');
        const events = [{ ...GATEWAY, sequence: 1, kind: 'machine_suspected', evidence: 'transcript' }] as const;
        expect(await world.finished({ turns: TURNS }, [...events])).toMatchObject({ kind: 'attached', attachment: 1 });
        await world.status('completed');
        const settlement = await world.settled();
        expect(settlement).toMatchObject({ outcome: 'voicemail', answeredBy: 'machine', turns: TURNS });
        expect(settlement.usage).toHaveLength(1);
        expect(world.inputsOf('commandGateway')).toEqual([]);
      },
    };
  });

  scenario('that is never told of leaves a call that nobody took', 'untold_talk_never', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.status('ringing');
        await world.status('in_progress');
        await world.status('completed', { durationS: 20 });
        expect(await world.settled()).toMatchObject({ outcome: 'failed', reason: 'answered, but no gateway took the call' });
        await expect(world.finished({ turns: TURNS })).rejects.toThrow(/not found|completed/);
      },
    };
  });
});
