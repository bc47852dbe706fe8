/** What a developer orders of a call under way: taken in once, carried out by whichever gateway holds the conversation. */
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { CallOrder, GatewayCommand } from '../../contracts/call';
import { callOrderUpdate, liveCallQuery } from '../../contracts/call';
import { callScenarios } from './call-scenario';
import { CallWorld, placed, turn } from './call-world';

const { scenario } = callScenarios();
const ANY_NUMBER = '+14155550177';

const order = (world: CallWorld, orderId: string, what: CallOrder) =>
  world.handle.executeUpdate(callOrderUpdate, { args: [{ orderId, order: what }] });
const commands = (world: CallWorld) => world.inputsOf('commandGateway').map((input) => (input as { command: GatewayCommand }).command);
const codeOf = (refused: Promise<unknown>) =>
  refused.then(
    () => 'accepted',
    (error: unknown) => (error instanceof WorkflowUpdateFailedError ? (error.cause as { type?: string }).type : error),
  );

scenario('what was ordered to be said is said once, however often it is asked for', 'order_said', (bench) => {
  const world = new CallWorld(bench);
  return {
    world,
    async play() {
      await world.status('ringing');
      // Nobody is on the line yet: it is kept.
      await order(world, 'o1', { kind: 'say', text: 'Your taxi is here.' });
      await world.status('in_progress');
      await world.stream();
      await world.ranOnce('commandGateway');
      await order(world, 'o1', { kind: 'say', text: 'Your taxi is here.' });
      await world.gatewayEvent({ kind: 'said', orderId: 'o1', result: 'played' });
      await order(world, 'o2', { kind: 'say', text: 'It is red.', interruptible: false });
      await world.ranOnce('commandGateway', 2);
      await world.gatewayEvent({ kind: 'said', orderId: 'o2', result: 'played' });
      await world.heartbeat(1, { turns: [turn('assistant', 'Your taxi is here.')] });
      expect(await world.handle.query(liveCallQuery)).toMatchObject({ phase: 'talking', talking: true, attachment: 1 });
      expect(commands(world)).toMatchObject([
        { kind: 'say', orderId: 'o1', text: 'Your taxi is here.', interruptible: true, streamId: 'MZ1' },
        { kind: 'say', orderId: 'o2', interruptible: false },
      ]);
      await world.report('caller_hung_up');
      await world.status('completed');
      await world.settled();
      expect(commands(world)).toHaveLength(2);
    },
  };
});

scenario('a gateway dies with orders open: the next one gets those, and not what the caller has heard', 'order_repeated', (bench) => {
  const world = new CallWorld(bench);
  return {
    world,
    async play() {
      await world.answer();
      await order(world, 'heard', { kind: 'say', text: 'Heard before.' });
      await order(world, 'open', { kind: 'say', text: 'Still to be said.' });
      await world.ranOnce('commandGateway', 2);
      await world.heartbeat(1, { turns: [{ role: 'assistant', text: 'Heard before.', at: Date.UTC(2100, 0, 1) }] });
      // Silence: time is skipped past the heartbeat's time-out.
      await world.ranOnce('restreamCall');
      await world.stream('MZ2', { gatewayId: 'gw-2' });
      await world.ranOnce('conversation', 2);
      const second = () => commands(world).filter(({ streamId, kind }) => streamId === 'MZ2' && kind === 'say');
      while (second().length < 1) await new Promise((resolve) => setTimeout(resolve, 25));
      expect(second()).toMatchObject([{ orderId: 'open', text: 'Still to be said.' }]);
      await world.gatewayEvent({ kind: 'said', orderId: 'open', result: 'played' }, 'MZ2');
      await world.report('caller_hung_up', {}, 2);
      await world.status('completed');
      await world.settled();
      expect(second()).toHaveLength(1);
    },
  };
});

scenario('the caller is handed to any number that the developer orders, once', 'order_transferred', (bench) => {
  const world = new CallWorld(bench, {
    dial: async () => placed({ transferTargets: 0 }),
    transferCall: async ({ number }) => ({ kind: 'requested', to: number ?? '' }),
  });
  return {
    world,
    async play() {
      await world.answer();
      await order(world, 't1', { kind: 'transfer', number: ANY_NUMBER });
      await world.ranOnce('commandGateway');
      expect(commands(world)).toMatchObject([{ kind: 'transfer' }]);
      await world.report('transfer_requested', { transfer: { reason: '' } });
      await world.ranOnce('transferCall');
      expect(world.inputsOf('transferCall')).toMatchObject([{ number: ANY_NUMBER, ordered: true, transferNumber: 1 }]);
      await world.carrier({ kind: 'stream', status: 'stopped', streamId: 'MZ1' });
      await world.carrier({ kind: 'transfer_result', transferNumber: 1, answered: true, status: 'in_progress' });
      await world.carrier({ kind: 'transfer_result', transferNumber: 1, answered: true, status: 'completed' });
      await world.status('completed');
      expect(await world.settled()).toMatchObject({ outcome: 'transferred', transferredTo: ANY_NUMBER });
    },
  };
});

scenario(
  'a hang-up needs no gateway; with last words the gateway says them first; what comes after is told so',
  'order_hangup',
  (bench) => {
    let carrierDone = () => {};
    const hungUp = new Promise<void>((resolve) => {
      carrierDone = resolve;
    });
    const world: CallWorld = new CallWorld(bench, { hangupCall: () => hungUp.then(() => world.carrierCall()) });
    return {
      world,
      async play() {
        await world.answer();
        expect(await codeOf(order(world, 'bad', { kind: 'transfer', number: 'Bob' }))).toBe('PATTER_REQUEST_INVALID');
        await order(world, 'h1', { kind: 'hangup', say: 'Goodbye.' });
        await world.ranOnce('commandGateway');
        expect(commands(world)).toMatchObject([{ kind: 'hangup', say: 'Goodbye.' }]);
        // Nobody beats for the stand-in gateway: two slow seconds from here on would look like its death.
        await world.heartbeat(1, {});
        await order(world, 'h2', { kind: 'hangup' });
        await world.ranOnce('hangupCall');
        expect(await codeOf(order(world, 's1', { kind: 'say', text: 'Wait!' }))).toBe('PATTER_CALL_ENDED');
        carrierDone();
        await world.report('caller_hung_up');
        await world.status('completed');
        await world.handle.result();
        // The skipped time of a timer that is just being cancelled may have the settlement asked for once more: it is idempotent.
        expect(world.settlements.at(-1)).toMatchObject({ outcome: 'completed', reason: 'hung up on request' });
      },
    };
  },
);

scenario('a phone that rings is hung up on at once', 'order_hangup_ringing', (bench) => {
  const world = new CallWorld(bench);
  return {
    world,
    async play() {
      world.carrierStatus = 'canceled';
      await world.status('ringing');
      await order(world, 'h1', { kind: 'hangup', say: 'Nobody will hear this.' });
      expect(await world.settled()).toMatchObject({ outcome: 'no_answer', reason: 'hung up on request' });
      expect(commands(world)).toEqual([]);
    },
  };
});
