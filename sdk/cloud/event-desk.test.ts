/** What a program is told of its calls at a backend: by functions, and by POSTs that a receiver verifies. */
import { Webhook } from 'standardwebhooks';
import { systemClock } from '../../contracts/clock';
import type { SdkClientMessage, SdkServerMessage } from '../../contracts/sdk-protocol';
import { type HttpReceiver, startReceiver } from '../../test/activities/http-receiver';
import { until } from '../../test/chaos/until';
import type { Callbacks } from '../options/callbacks';
import { EventDesk } from './event-desk';
import { agentFor } from './snapshot-facts';

const SECRET = `whsec_${Buffer.alloc(32, 3).toString('base64')}`;
const TURN = { role: 'assistant', text: 'Hi.', at: 1_763_632_801_000, latency: { sttMs: 1, llmMs: 2, ttsMs: 3, totalMs: 6, speechMs: 1 } };
const CALL = {
  ...{ callId: 'call_1', direction: 'outbound', from: '+15005550006', to: '+12125550101', carrier: 'twilio', toolCalls: [], usage: [] },
  ...{ status: 'in-progress', outcome: null, createdAt: '2026-11-20T10:00:00.000Z', answeredAt: '2026-11-20T10:00:01.000Z' },
  ...{ endedAt: null, durationMs: null, variables: {}, customParams: {}, costLines: [], answeredBy: 'human', machineDetection: true },
  ...{ reason: null, turns: [] },
};
const ENDED = { ...CALL, status: 'ended', outcome: 'completed', endedAt: '2026-11-20T10:00:03.500Z', durationMs: 2_500, turns: [TURN] };

type Told = Extract<SdkServerMessage, { type: 'event' }>;
const event = (name: string, call: object, more: object = {}) => ({ type: 'event', event: name, call, ...more }) as unknown as Told;

const desks: EventDesk[] = [];
let receiver: HttpReceiver | undefined;
afterEach(async () => {
  for (const desk of desks.splice(0)) desk.close();
  await receiver?.close();
  receiver = undefined;
});

function open(callbacks: Callbacks, options: { webhookSecret?: string; allowPrivate?: boolean } = {}) {
  const sent: SdkClientMessage[] = [];
  const send = (message: SdkClientMessage) => sent.push(message) > 0;
  const { allowPrivate = true, webhookSecret = '' } = options;
  const desk = new EventDesk({
    ...{ callbacks: async () => callbacks, agent: () => agentFor(undefined), clock: systemClock },
    ...{ send, webhookSecret, allowPrivate },
  });
  desks.push(desk);
  return {
    sent,
    /** Resolves when it is acknowledged, or refused. */
    async tell(told: Told): Promise<string | undefined> {
      const before = sent.length;
      desk.event(told);
      await until(() => sent.length > before, { withinMs: 30_000, what: 'the answer' });
      return sent.at(-1)?.type;
    },
  };
}

function told() {
  const machines: string[] = [];
  const others: string[] = [];
  const note = ({ deliveryId }: { deliveryId: string }) => void others.push(deliveryId.split(':')[1] ?? '');
  const callbacks: Callbacks = {
    ...{ onCallStart: note, onTranscript: note, onMetrics: note, onCallEnd: note },
    onMachineDetection: ({ answeredBy, deliveryId }) => void machines.push(`${answeredBy} ${deliveryId}`),
  };
  return { machines, others, callbacks };
}

test('callbacks that are URLs get signed POSTs, of all five kinds; without a secret they are not signed', async () => {
  receiver = await startReceiver(() => ({ status: 200 }));
  const { url, requests } = receiver;
  const callbacks = { onCallStart: url, onTranscript: url, onMetrics: url, onMachineDetection: url, onCallEnd: url };
  const { tell } = open(callbacks, { webhookSecret: SECRET });
  await tell(event('start', CALL));
  await tell(event('machine', CALL));
  await tell(event('turn/1', { ...CALL, turns: [TURN] }));
  await tell(event('end', ENDED, { machineApart: true }));
  const verified = requests.map(({ body, headers }) => new Webhook(SECRET).verify(body, headers as Record<string, string>));
  expect(verified.map((each) => (each as { type: string }).type)).toEqual([
    ...['call.started', 'call.machine_detection', 'call.transcript', 'call.metrics', 'call.ended'],
  ]);
  await open(callbacks).tell(event('start', CALL));
  expect(requests.at(-1)?.headers).not.toHaveProperty('webhook-signature');
});

test('an address inside the network is not asked where it is not allowed', async () => {
  receiver = await startReceiver(() => ({ status: 200 }));
  const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  expect(await open({ onCallStart: receiver.url }, { allowPrivate: false }).tell(event('start', CALL))).toBe('nack');
  warned.mockRestore();
  expect(receiver.requests).toEqual([]);
});

test('who answered is told as soon as the backend knows it, and not again with the end', async () => {
  const { callbacks, machines, others } = told();
  const { tell } = open(callbacks);
  for (const each of [event('start', CALL), event('machine', CALL), event('end', ENDED, { machineApart: true })])
    expect(await tell(each)).toBe('ack');
  expect(machines).toEqual(['human call_1:machine:1']);
  expect(others).toEqual(['start', 'end']);
});

test('an earlier version of the backend tells who answered with the end, and one that was updated meanwhile not twice', async () => {
  const { callbacks, machines } = told();
  const { machineDetection: _, ...earlier } = ENDED;
  await open(callbacks).tell(event('end', earlier));
  expect(machines).toEqual(['human call_1:machine:1']);
  const updated = open(callbacks);
  await updated.tell(event('machine', CALL));
  await updated.tell(event('end', earlier));
  expect(machines).toHaveLength(2);
});

test('nobody is told who answered where nobody has asked', async () => {
  const { callbacks, machines, others } = told();
  await open(callbacks).tell(event('end', { ...ENDED, machineDetection: false }));
  expect([machines, others]).toEqual([[], ['end']]);
});

test('a step that a later version of the backend has is taken, and tells nothing', async () => {
  const { callbacks, machines, others } = told();
  expect(await open(callbacks).tell(event('hold', { ...CALL, turns: [TURN] }))).toBe('ack');
  expect([machines, others]).toEqual([[], []]);
});
