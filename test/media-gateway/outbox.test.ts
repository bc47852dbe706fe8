/** What a gateway can tell only when the call's workflow is over: real Temporal, a real disk, no worker. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import pino from 'pino';
import type { ConversationReport } from '../../contracts/call';
import { optOutWorkflowId } from '../../contracts/call-id';
import { systemClock } from '../../contracts/clock';
import { Outbox } from '../../media-gateway/outbox';
import { WorkflowLink } from '../../media-gateway/workflow-link';
import { startTestTemporal } from '../support/temporal';
import { newCallId, newSid } from './support/harness';

let client: Client;
let outbox: Outbox;
let dir: string;
beforeAll(async () => {
  const temporal = await startTestTemporal();
  client = new Client({ connection: await Connection.connect({ address: temporal.address }), namespace: temporal.namespace });
  dir = await mkdtemp(join(tmpdir(), 'patter-outbox-'));
  outbox = await Outbox.open({
    dir,
    link: new WorkflowLink(client, systemClock),
    carriersOf: async () => new Map(),
    clock: systemClock,
    log: pino({ level: 'silent' }),
    taskQueue: temporal.taskQueue,
  });
}, 180_000);
afterAll(async () => {
  await outbox?.stop();
  await client?.connection.close();
  await rm(dir, { recursive: true, force: true });
});

test('a talk that nobody has heard of and nobody takes any more leaves one thing behind: that its person is not to be called again', async () => {
  const callId = newCallId();
  const streamId = newSid('MZ');
  const told = { gatewayId: 'gw', streamId, at: 1 };
  const report: ConversationReport = { end: 'opted_out', startedAt: 1, endedAt: 2, turns: [], usage: [], toolCalls: [] };
  await outbox.send({
    kind: 'untold_talk',
    callId,
    carrier: 'twilio',
    request: {
      ...{ gatewayId: 'gw', carrierCallId: newSid('CA'), streamId, tokenNonce: 'nonce', haveSetup: true },
      over: {
        report,
        events: [
          { ...told, kind: 'human_confirmed', sequence: 1 },
          { ...told, kind: 'opt_out', sequence: 2, by: 'key' },
        ],
      },
    },
  });
  const handle = client.workflow.getHandle(optOutWorkflowId(callId));
  const { events } = await handle.fetchHistory();
  const begun = events?.[0]?.workflowExecutionStartedEventAttributes;
  expect(begun?.workflowType?.name).toBe('recordOptOut');
  expect(JSON.parse(Buffer.from(begun?.input?.payloads?.[0]?.data ?? []).toString())).toEqual({ callId, by: 'key' });
  await handle.terminate('nobody works on it here');
});
