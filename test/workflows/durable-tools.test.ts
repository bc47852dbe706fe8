/** Durable tools as the call's workflow carries them out: once for each wish, whoever asks and however often. */
import { ApplicationFailure } from '@temporalio/activity';
import { toolSchema } from '../../contracts/agent';
import type { ToolCallRecord } from '../../contracts/call';
import type { RunToolAnswer, RunToolRequest } from '../../contracts/durable-tool';
import { callScenarios } from './call-scenario';
import { CallWorld, placed, rules, turn, until } from './call-world';

const { scenario } = callScenarios();
const BOOK = toolSchema.parse({ name: 'book', webhookUrl: 'https://api.example.com/book', durable: true });
const LOOK_UP = toolSchema.parse({ name: 'look_up', webhookUrl: 'https://api.example.com/look-up' });
const booked = (id: string): RunToolAnswer => ({ output: `{"booked":"${id}"}`, ok: true });
const wish = (n: number): RunToolRequest => ({ key: `book.0123.${n}`, name: 'book', arguments: '{"day":"Friday"}' });
const record = (n: number, over: Partial<ToolCallRecord> = {}): ToolCallRecord => {
  const { key: id, name, arguments: args } = wish(n);
  return { id, name, arguments: args, result: booked(id).output, ok: true, durationMs: 5, at: 1, ...over };
};

const dial = async () => {
  const { setup } = rules();
  return placed({ setup: { ...setup, agent: { ...setup.agent, tools: [BOOK, LOOK_UP] } } });
};

/** A webhook that answers when it is told to. */
function slowTool() {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  return {
    release: () => release(),
    runWebhookTool: async ({ key }: RunToolRequest) => {
      await released;
      return booked(key);
    },
  };
}

async function hangUp(world: CallWorld): Promise<void> {
  await world.report('agent_ended', { toolCalls: [record(1, { result: 'has not answered', ok: false })] });
  await world.status('completed', { durationS: 20, at: Date.UTC(2026, 0, 5, 12, 1) });
}

scenario('a wish is carried out once, however often and under whichever update it is asked for', 'durable_tool', (bench) => {
  const tool = slowTool();
  const world = new CallWorld(bench, { dial, runWebhookTool: tool.runWebhookTool });
  return {
    world,
    async play() {
      await world.answer();
      const asked = [world.runTool(wish(1)), world.runTool(wish(1)), world.runTool(wish(1), 'another update')];
      await world.ranOnce('runWebhookTool');
      tool.release();
      expect(await Promise.all(asked)).toEqual([booked(wish(1).key), booked(wish(1).key), booked(wish(1).key)]);
      expect(await world.runTool(wish(1), 'later')).toEqual(booked(wish(1).key));
      expect(world.inputsOf('runWebhookTool')).toEqual([{ ...wish(1), callId: world.callId }]);
      // Another wish is another booking.
      expect(await world.runTool(wish(2))).toEqual(booked(wish(2).key));
      expect(await world.runTool({ key: 'look_up.1', name: 'look_up', arguments: '{}' })).toMatchObject({ ok: false });
      await hangUp(world);
      // The gateway had given up waiting: what happened is what the workflow knows.
      const { toolCalls } = await world.settled();
      expect(toolCalls.map(({ id, result, ok }) => ({ id, result, ok }))).toEqual([
        { id: wish(1).key, result: booked(wish(1).key).output, ok: true },
        { id: wish(2).key, result: booked(wish(2).key).output, ok: true },
      ]);
      expect(world.inputsOf('runWebhookTool')).toHaveLength(2);
    },
  };
});

scenario(
  'a gateway that takes the call over is told of the tool under way, and the one after that of its answer',
  'durable_tool_taken_over',
  (bench) => {
    const tool = slowTool();
    const world = new CallWorld(bench, { dial, runWebhookTool: tool.runWebhookTool });
    return {
      world,
      async play() {
        await world.answer();
        await world.heartbeat(1, { turns: [turn('user', 'Book it, please.')] });
        const first = world.runTool(wish(1));
        await world.ranOnce('runWebhookTool');
        // Of the gateway's giving up, nobody after it concludes that it was answered: the next wish would have another key.
        const given = { turns: [turn('user', 'Book it, please.')], toolCalls: [record(1, { result: 'has not answered', ok: false })] };
        await world.report('drained', given);
        expect(await world.stream('MZ2', { gatewayId: 'gw-2' })).toMatchObject({ kind: 'attached', toolCalls: [], openTools: [wish(1)] });
        const again = world.runTool(wish(1));
        tool.release();
        expect(await Promise.all([first, again])).toEqual([booked(wish(1).key), booked(wish(1).key)]);
        await world.report('drained', {}, 2);
        const third = await world.stream('MZ3', { gatewayId: 'gw-1' });
        expect(third).toMatchObject({ toolCalls: [{ id: wish(1).key, result: booked(wish(1).key).output, ok: true }] });
        expect(third).not.toHaveProperty('openTools');
        await world.report('agent_ended', {}, 3);
        await world.status('completed', { durationS: 20, at: Date.UTC(2026, 0, 5, 12, 1) });
        expect((await world.settled()).toolCalls).toHaveLength(1);
        expect(world.inputsOf('runWebhookTool')).toHaveLength(1);
      },
    };
  },
);

scenario('a tool outlives its call: the record waits for it, and nothing new is begun', 'durable_tool_outlives', (bench) => {
  const tool = slowTool();
  const world = new CallWorld(bench, { dial, runWebhookTool: tool.runWebhookTool });
  return {
    world,
    async play() {
      await world.answer();
      const asked = world.runTool(wish(1));
      await world.ranOnce('runWebhookTool');
      await hangUp(world);
      await until(async () => (await world.view()).phase === 'settling', 'the call is over');
      expect(await world.runTool(wish(2))).toMatchObject({ ok: false, output: expect.stringContaining('The call is over') });
      expect(world.settlements).toEqual([]);
      tool.release();
      expect(await asked).toEqual(booked(wish(1).key));
      expect((await world.settled()).toolCalls).toMatchObject([{ id: wish(1).key, ok: true }]);
    },
  };
});

scenario('an activity that fails for good is an answer for the model', 'durable_tool_failed', (bench) => {
  const world = new CallWorld(bench, {
    dial,
    runWebhookTool: async () => {
      throw ApplicationFailure.nonRetryable('the call is gone');
    },
  });
  return {
    world,
    async play() {
      await world.answer();
      expect(await world.runTool(wish(1))).toEqual({ ok: false, output: '{"error":"The tool book failed: the call is gone"}' });
      await expect(world.runTool({ key: '', name: 'book', arguments: '{}' })).rejects.toThrow();
      await hangUp(world);
      expect((await world.settled()).toolCalls).toMatchObject([{ id: wish(1).key, ok: false }]);
    },
  };
});
