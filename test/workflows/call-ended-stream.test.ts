/** A carrier that keeps a call whose stream is over, and only tells so (Telnyx): what the workflow has the gateway do. */
import { callScenarios } from './call-scenario';
import { CallWorld, placed, turn } from './call-world';

const { scenario } = callScenarios();

scenario('the stream of a gateway that died is followed by another one', 'ended_stream_followed', (bench) => {
  const world = new CallWorld(bench);
  return {
    world,
    async play() {
      await world.answer();
      await world.heartbeat(1, { turns: [turn('assistant', 'one')] });
      expect(await world.streamEnded('nonce-MZ1')).toEqual({ kind: 'stream', attachment: 2 });
      expect(await world.stream('MZ2', { gatewayId: 'gw-2' })).toMatchObject({ kind: 'attached', history: [turn('assistant', 'one')] });
      await world.report('agent_ended', {}, 2);
      await world.status('completed');
      expect(await world.settled()).toMatchObject({ outcome: 'completed' });
      expect(world.inputsOf('restreamCall')).toEqual([]);
    },
  };
});

scenario('the end of a stream that was replaced does not touch the one that talks', 'ended_stream_replaced', (bench) => {
  const world = new CallWorld(bench);
  return {
    world,
    async play() {
      await world.answer();
      await world.report('drained');
      expect(await world.streamEnded('nonce-MZ1')).toEqual({ kind: 'stream', attachment: 2 });
      expect(await world.stream('MZ2', { gatewayId: 'gw-2' })).toMatchObject({ kind: 'attached' });
      expect(await world.streamEnded('nonce-MZ1')).toEqual({ kind: 'leave' });
      expect(await world.streamEnded('nonce-of-nobody')).toEqual({ kind: 'leave' });
      await world.report('agent_ended', { turns: [turn('assistant', 'still here')] }, 2);
      await world.status('completed');
      expect(await world.settled()).toMatchObject({ outcome: 'completed', turns: [{ text: 'still here' }] });
    },
  };
});

scenario('a caller who talks to a person is not hung up when their stream ends', 'ended_stream_transferred', (bench) => {
  const world = new CallWorld(bench, { dial: async () => placed({ transferTargets: 1 }) });
  return {
    world,
    async play() {
      await world.answer();
      await world.report('transfer_requested');
      await world.ranOnce('transferCall');
      await world.carrier({ kind: 'transfer_result', transferNumber: 1, answered: true, status: 'in_progress' });
      expect(await world.streamEnded('nonce-MZ1')).toEqual({ kind: 'leave' });
      expect(await world.view()).toMatchObject({ phase: 'transferred' });
      await world.carrier({ kind: 'transfer_result', transferNumber: 1, answered: true, status: 'completed' });
      await world.status('completed');
      expect(await world.settled()).toMatchObject({ outcome: 'transferred' });
    },
  };
});

describe('a carrier that asks what comes next (Twilio) names the stream that it asks about', () => {
  scenario(
    'a gateway that was killed: the question after its stream is answered with another one, also when it comes again',
    'named_lost',
    (bench) => {
      const world = new CallWorld(bench);
      return {
        world,
        async play() {
          await world.answer();
          await world.heartbeat(1, { turns: [turn('assistant', 'one')] });
          expect(await world.nextAfter('nonce-MZ1')).toEqual({ kind: 'stream', attachment: 2 });
          // The gateway died over the answer, and the carrier asks the other one.
          expect(await world.nextAfter('nonce-MZ1')).toEqual({ kind: 'stream', attachment: 2 });
          // That stream never opened.
          expect(await world.nextAfter('nonce-MZ-never')).toEqual({ kind: 'stream', attachment: 2 });
          expect(await world.stream('MZ3', { gatewayId: 'gw-2' })).toMatchObject({ kind: 'attached', history: [turn('assistant', 'one')] });
          await world.report('agent_ended', {}, 2);
          await world.status('completed');
          expect(await world.settled()).toMatchObject({ outcome: 'completed' });
          expect(world.inputsOf('restreamCall')).toEqual([]);
        },
      };
    },
  );

  scenario('a question about another stream takes nothing from the one that talks', 'named_caught', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.answer();
        await world.report('drained');
        expect(await world.nextAfter('nonce-MZ1')).toEqual({ kind: 'stream', attachment: 2 });
        expect(await world.stream('MZ2', { gatewayId: 'gw-2' })).toMatchObject({ kind: 'attached' });
        expect(await world.nextAfter('nonce-MZ1')).toMatchObject({ kind: 'wait' });
        await world.report('agent_ended', { turns: [turn('assistant', 'still here')] }, 2);
        await world.status('completed');
        // All is over: nobody is kept waiting.
        expect(await world.settled()).toMatchObject({ outcome: 'completed', turns: [{ text: 'still here' }] });
      },
    };
  });
});
