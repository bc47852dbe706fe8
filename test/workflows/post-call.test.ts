import { randomBytes } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import type { PostCallActivities } from '../../contracts/activities';
import { type Bench, recordHistory, startBench } from './bench';

let bench: Bench | undefined;
beforeAll(async () => {
  bench = await startBench();
}, 300_000);
afterAll(() => bench?.stop());

const input = { tenantId: 'default', campaignId: 'cmp_1', contactId: 'ct_1', callId: 'call_1' };

async function run(script: Partial<PostCallActivities>, history: string) {
  if (!bench) return undefined;
  const { client, taskQueue } = bench;
  const ran: string[] = [];
  const finished: string[][] = [];
  const activities: PostCallActivities = {
    planPostCall: async () => ({ summary: true, extract: true, webhooks: [0, 1] }),
    summarizeCall: async () => undefined,
    extractFromCall: async () => undefined,
    deliverCallWebhook: async () => undefined,
    finishPostCall: async ({ failedSteps }) => {
      finished.push(failedSteps);
    },
    ...script,
  };
  const noted = Object.fromEntries(
    Object.entries(activities).map(([name, activity]) => [
      name,
      async (argument: never) => {
        ran.push(name);
        return activity(argument);
      },
    ]),
  );
  let result: unknown;
  await bench.run(noted as never, async () => {
    const handle = await client.workflow.start('postCall', {
      workflowId: `post-call/${randomBytes(8).toString('hex')}`,
      taskQueue,
      args: [input],
    });
    result = await handle.result();
    await recordHistory(handle, `post-call.${history}`);
  });
  return { result, ran, finished };
}

test('understands the call, then tells every webhook, then is finished', async () => {
  const done = await run({}, 'completed');
  if (!done) return;
  expect(done.result).toEqual({ failedSteps: [] });
  expect([...done.ran].sort()).toEqual(
    ['planPostCall', 'summarizeCall', 'extractFromCall', 'deliverCallWebhook', 'deliverCallWebhook', 'finishPostCall'].sort(),
  );
  expect(done.ran.at(-1)).toBe('finishPostCall');
});

test('a step that fails is recorded and holds nobody up', async () => {
  const done = await run(
    {
      summarizeCall: async () => {
        throw ApplicationFailure.nonRetryable('no such model');
      },
      deliverCallWebhook: async ({ webhook }) => {
        if (webhook === 0) throw ApplicationFailure.nonRetryable('410 Gone');
      },
    },
    'failed_steps',
  );
  if (!done) return;
  expect(done.finished).toEqual([['summary', 'webhook-0']]);
});

test('a receiver that is down for hours is tried until it answers', async () => {
  let tries = 0;
  const done = await run(
    {
      planPostCall: async () => ({ summary: false, extract: false, webhooks: [0] }),
      deliverCallWebhook: async () => {
        tries++;
        if (tries < 10) throw new Error('503');
      },
    },
    'webhook_retried',
  );
  if (!done) return;
  expect(done.finished).toEqual([[]]);
  expect(tries).toBe(10);
});
