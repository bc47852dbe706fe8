import { randomBytes } from 'node:crypto';
import { optOutWorkflowId } from '../../contracts/call-id';
import { commandPath } from '../../contracts/gateway';
import { signCommand } from '../../runtime/command-auth';
import { cancelConversationsSignal } from './support/call.workflow';
import { eventually, type Gateway, Harness, MediaClient, newSid, post, SECRET_KEY, tokenFor } from './support/harness';

let harness: Harness;
let gateway: Gateway;

beforeAll(async () => {
  harness = await Harness.start();
  gateway = await harness.gateway();
  // The carrier's package loads its parts at the first hang-up: once, before tests that run side by side.
  const { callId, media, session } = await talk();
  session.end('agent_ended');
  await media.closed;
  await reports(callId);
});
afterAll(() => harness.stop());

async function talk(script: Parameters<Harness['startCall']>[0] = {}) {
  const { callId, carrierCallId } = await harness.startCall(script);
  const media = await MediaClient.start(gateway, carrierCallId, tokenFor(callId));
  const session = await eventually(() => harness.sessions.of(callId)[0]);
  return { callId, carrierCallId, media, session };
}

/** @param signedFor whose path the signature is for */
async function command(callId: string, body: object, key = SECRET_KEY, signedFor = callId, to = gateway) {
  const text = JSON.stringify(body);
  const response = await fetch(`${to.urls.internal}/internal/calls/${callId}/commands`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...signCommand({ path: commandPath(signedFor), body: text }, key, Date.now()) },
    body: text,
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const reports = (callId: string) =>
  eventually(async () => {
    const seen = await harness.seen(callId);
    return seen.reports.length > 0 && seen.reports;
  });

test.concurrent('a stream with a valid token attaches, passes audio both ways, marks, clears and digits', async () => {
  const { callId, carrierCallId, media, session } = await talk({ history: [{ role: 'user', text: 'before', at: 1 }] });
  expect(session.options.setup.callId).toBe(callId);
  expect(session.options.history).toEqual([{ role: 'user', text: 'before', at: 1 }]);
  media.audio(Buffer.from('hello'));
  media.send({ event: 'mark', streamSid: media.streamId, sequenceNumber: '4', mark: { name: 'm1' } });
  media.send({ event: 'dtmf', streamSid: media.streamId, sequenceNumber: '5', dtmf: { track: 'inbound_track', digit: '9' } });
  await eventually(() => session.digits.length > 0);
  expect([session.audio, session.marks, session.digits]).toEqual([[Buffer.from('hello')], ['m1'], ['9']]);
  session.options.stream.sendAudio(Buffer.alloc(160, 7));
  session.options.stream.sendMark('m2');
  session.options.stream.clear();
  await eventually(() => media.messages.length === 3);
  expect(media.messages).toEqual([
    { event: 'media', streamSid: media.streamId, media: { payload: Buffer.alloc(160, 7).toString('base64') } },
    { event: 'mark', streamSid: media.streamId, mark: { name: 'm2' } },
    { event: 'clear', streamSid: media.streamId },
  ]);
  const { attaches } = await harness.seen(callId);
  expect(attaches).toMatchObject([{ gatewayId: gateway.gatewayId, carrierCallId, streamId: media.streamId, haveSetup: false }]);
  media.stop(carrierCallId);
  await reports(callId);
});

test.concurrent('an opt-out that can be told only when the call’s workflow is over counts all the same: it gets a workflow of its own', async () => {
  const { callId, carrierCallId, media, session } = await talk();
  await harness.finish(callId);
  session.options.emit({ kind: 'opt_out', by: 'voice', text: 'never call again' });
  const handle = harness.client.workflow.getHandle(optOutWorkflowId(callId));
  const begun = await eventually(async () => {
    const { events } = await handle.fetchHistory().catch(() => ({ events: [] }));
    return events?.[0]?.workflowExecutionStartedEventAttributes ?? undefined;
  });
  expect(begun.workflowType?.name).toBe('recordOptOut');
  const told = JSON.parse(Buffer.from(begun.input?.payloads?.[0]?.data ?? []).toString());
  expect(told).toEqual({ callId, by: 'voice', text: 'never call again' });
  await handle.terminate('nobody works on it here');
  media.stop(carrierCallId);
});

test.concurrent('heartbeats keep the conversation alive past its heartbeat time-out', async () => {
  const { callId, carrierCallId, media } = await talk();
  // The activity of the stand-in workflow is given up after 6 s of silence.
  await new Promise((resolve) => setTimeout(resolve, 7_000));
  expect((await harness.seen(callId)).lost).toEqual([]);
  media.stop(carrierCallId);
  expect(await reports(callId)).toMatchObject([{ end: 'caller_hung_up' }]);
});

describe('the end is told once, by whatever comes first', () => {
  test.concurrent.each<[string, (media: MediaClient, callId: string, carrierCallId: string) => unknown]>([
    ['stop', (media, _, carrierCallId) => media.stop(carrierCallId)],
    ['a regular close', (media) => media.close()],
    ['a connection that breaks', (media) => media.terminate()],
    [
      'only the status callback',
      (_, callId, carrierCallId) => post(gateway, `/twilio/status/${callId}`, { CallSid: carrierCallId, CallStatus: 'completed' }),
    ],
    [
      'all of them at once',
      (media, callId, carrierCallId) => {
        media.stop(carrierCallId);
        media.close();
        return post(gateway, `/twilio/status/${callId}`, { CallSid: carrierCallId, CallStatus: 'completed' });
      },
    ],
  ])('%s', async (_, end) => {
    const { callId, carrierCallId, media, session } = await talk();
    await end(media, callId, carrierCallId);
    await media.closed;
    expect(await reports(callId)).toMatchObject([{ end: 'caller_hung_up' }]);
    expect(session.streamClosed).toBe(1);
    expect(harness.rest.ended).not.toContain(carrierCallId);
    expect((await harness.seen(callId)).lost).toEqual([]);
  });

  test.concurrent('a talk that the agent ends is reported, and then the call is hung up', async () => {
    const { callId, carrierCallId, media, session } = await talk();
    session.end('agent_ended');
    await media.closed;
    expect(harness.rest.ended).toContain(carrierCallId);
    expect(await reports(callId)).toMatchObject([{ end: 'agent_ended' }]);
  });

  test.concurrent('a transfer keeps the stream open until the carrier takes the call away, and is not hung up', async () => {
    const { callId, carrierCallId, media, session } = await talk();
    session.end('transfer_requested');
    expect(await reports(callId)).toMatchObject([{ end: 'transfer_requested' }]);
    session.options.stream.sendMark('still here');
    await eventually(() => media.messages.length === 1);
    media.stop(carrierCallId);
    await media.closed;
    await eventually(() => session.streamClosed === 1);
    expect(harness.rest.ended).not.toContain(carrierCallId);
  });
});

test.concurrent('a caller who hangs up while the attach is under way is reported, and no session is made', async () => {
  const { callId, carrierCallId } = await harness.startCall();
  const media = await MediaClient.start(gateway, carrierCallId, tokenFor(callId));
  media.stop(carrierCallId);
  expect(await reports(callId)).toMatchObject([{ end: 'caller_hung_up', turns: [] }]);
  expect(harness.sessions.of(callId)).toEqual([]);
});

test.concurrent('what a caller says before the session is there is not lost', async () => {
  const { callId, carrierCallId } = await harness.startCall();
  const media = await MediaClient.start(gateway, carrierCallId, tokenFor(callId));
  media.audio(Buffer.from('early'));
  const session = await eventually(() => harness.sessions.of(callId)[0]);
  await eventually(() => session.audio.length > 0);
  expect(Buffer.concat(session.audio).toString()).toBe('early');
  media.stop(carrierCallId);
  await reports(callId);
});

test.concurrent('a call that the workflow has taken elsewhere loses this stream, and is not hung up', async () => {
  const { callId, carrierCallId, media, session } = await talk();
  await harness.client.workflow.getHandle(callId).signal(cancelConversationsSignal);
  await media.closed;
  expect(session.streamClosed).toBe(1);
  const seen = await harness.seen(callId);
  expect(seen.reports).toEqual([]);
  expect(harness.rest.ended).not.toContain(carrierCallId);
});

test.concurrent.each([
  ['hangup', true],
  ['close', false],
] as const)('an attach refused with %s', async (action, hungUp) => {
  const { callId, carrierCallId } = await harness.startCall({
    refuse: { kind: 'refused', action, code: 'PATTER_CALL_DUPLICATE', reason: 'second call' },
  });
  const media = await MediaClient.start(gateway, carrierCallId, tokenFor(callId));
  await media.closed;
  if (hungUp) await eventually(() => harness.rest.ended.includes(carrierCallId));
  else expect(harness.rest.ended).not.toContain(carrierCallId);
  expect(harness.sessions.of(callId)).toEqual([]);
});

test.concurrent('a stream whose workflow is over is hung up', async () => {
  const { callId, carrierCallId } = await harness.startCall();
  await harness.finish(callId);
  const media = await MediaClient.start(gateway, carrierCallId, tokenFor(callId));
  await media.closed;
  await eventually(() => harness.rest.ended.includes(carrierCallId));
});

test.concurrent('peer defect 7: two calls at once do not hear each other, and one end leaves the other alone', async () => {
  const [a, b] = await Promise.all([talk(), talk()]);
  for (let i = 0; i < 50; i++) {
    a.media.audio(Buffer.from('a'));
    b.media.audio(Buffer.from('b'));
  }
  await eventually(() => a.session.audio.length === 50 && b.session.audio.length === 50);
  a.media.stop(a.carrierCallId);
  expect((await reports(a.callId))[0]?.turns[0]?.text).toBe('a'.repeat(50));
  expect(b.session.streamClosed).toBe(0);
  b.media.stop(b.carrierCallId);
  expect((await reports(b.callId))[0]?.turns[0]?.text).toBe('b'.repeat(50));
});

test.concurrent('events of a session reach the workflow in order, before its report', async () => {
  const { callId, session } = await talk();
  session.options.emit({ kind: 'human_confirmed', text: 'hello' });
  session.options.emit({ kind: 'sealed_turns', turns: [] });
  session.options.emit({ kind: 'opt_out', by: 'voice' });
  session.end('opted_out');
  await reports(callId);
  const { gatewayEvents } = await harness.seen(callId);
  expect(gatewayEvents.map(({ kind, sequence }) => [kind, sequence])).toEqual([
    ['human_confirmed', 1],
    ['sealed_turns', 2],
    ['opt_out', 3],
  ]);
  expect(gatewayEvents[0]).toMatchObject({ gatewayId: gateway.gatewayId, streamId: session.options.stream.streamId });
});

describe('commands', () => {
  test.concurrent('reach the session once per command id; not without the key, not for another stream, not after the end', async () => {
    const { callId, carrierCallId, media, session } = await talk();
    const hangup = { commandId: 'c1', callId, streamId: media.streamId, kind: 'hangup', reason: 'over' };
    expect(await command(callId, hangup, 'another key of tests')).toMatchObject({ status: 401, body: { code: 'PATTER_UNAUTHORIZED' } });
    expect(await command(callId, hangup, SECRET_KEY, 'another-call')).toMatchObject({ status: 401 });
    expect(await command(callId, { ...hangup, streamId: newSid('MZ') })).toMatchObject({ status: 404 });
    expect(await command(callId, { ...hangup, kind: 'dance' })).toMatchObject({ status: 400 });
    expect(await command(callId, hangup)).toEqual({ status: 200, body: { delivered: true } });
    expect(await command(callId, hangup)).toEqual({ status: 200, body: { delivered: true } });
    expect(session.commands).toEqual([hangup]);
    media.stop(carrierCallId);
    await reports(callId);
    await eventually(async () => (await command(callId, hangup)).status === 404);
  });

  test.concurrent('for a call that is not here', async () => {
    const callId = `call_${randomBytes(16).toString('hex')}_1`;
    const result = await command(callId, { commandId: 'c1', callId, streamId: 'MZ1', kind: 'human' });
    expect(result).toMatchObject({ status: 404, body: { code: 'PATTER_CALL_NOT_FOUND' } });
  });
});

test.concurrent('what this gateway tells anyway is no second signal: the end of its stream, and the carrier\'s "human" after the caller\'s words', async () => {
  const { callId, carrierCallId, media, session } = await talk();
  session.options.emit({ kind: 'human_confirmed', text: 'hello' });
  await post(gateway, `/twilio/amd/${callId}`, { CallSid: carrierCallId, AnsweredBy: 'human', MachineDetectionDuration: '3000' });
  const stopped = { CallSid: carrierCallId, StreamEvent: 'stream-stopped', Timestamp: '2026-11-21T12:00:00Z' };
  media.stop(carrierCallId);
  await reports(callId);
  await post(gateway, `/twilio/stream/${callId}`, { ...stopped, StreamSid: media.streamId });
  // Of a stream of another gateway nobody here can tell.
  const elsewhere = newSid('MZ');
  await post(gateway, `/twilio/stream/${callId}`, { ...stopped, StreamSid: elsewhere });
  const { carrierEvents } = await harness.seen(callId);
  expect(carrierEvents).toMatchObject([{ kind: 'stream', status: 'stopped', streamId: elsewhere }]);
});

test.concurrent('of two words that agree on a person the second is no signal, unless something else was heard before', async () => {
  const human = (callId: string, carrierCallId: string) =>
    post(gateway, `/twilio/amd/${callId}`, { CallSid: carrierCallId, AnsweredBy: 'human', MachineDetectionDuration: '3000' });
  const [agreed, doubted] = [await talk(), await talk()];
  for (const { callId, carrierCallId } of [agreed, doubted]) await human(callId, carrierCallId);
  doubted.session.options.emit({ kind: 'callee_suspected', is: 'ivr', text: 'press one' });
  for (const { session } of [agreed, doubted]) {
    session.options.emit({ kind: 'human_confirmed', text: 'hello' });
    session.end('agent_ended');
  }
  for (const { callId } of [agreed, doubted]) await reports(callId);
  const kinds = async (callId: string) => (await harness.seen(callId)).gatewayEvents.map(({ kind }) => kind);
  expect(await kinds(agreed.callId)).toEqual([]);
  expect(await kinds(doubted.callId)).toEqual(['callee_suspected', 'human_confirmed']);
});

describe('a call that is answered while Temporal does not answer', () => {
  interface Cut {
    door: Awaited<ReturnType<Harness['door']>>;
    home: string;
    cut: Gateway;
  }

  /** Each with a way to Temporal, and a gateway behind it, of its own. */
  async function withDoor(run: (behind: Cut) => Promise<void>): Promise<void> {
    const door = await harness.door();
    const home = harness.newHome();
    try {
      await run({ door, home, cut: await harness.gateway({ home, client: door.client }) });
    } finally {
      door.thaw();
    }
  }

  /** Rings while all is well; from the answer on nothing passes. */
  async function answered(
    { door, cut }: Cut,
    script: Parameters<Harness['startCall']>[0] = {},
    claims: Parameters<typeof tokenFor>[1] = {},
  ) {
    const { callId, carrierCallId } = await harness.startCall(script);
    await post(cut, `/twilio/status/${callId}`, { CallSid: carrierCallId, CallStatus: 'ringing', SequenceNumber: '1' });
    await eventually(() => harness.sessions.warmed.some((warm) => warm.callId === callId));
    door.freeze();
    const media = await MediaClient.start(cut, carrierCallId, tokenFor(callId, claims));
    return { callId, carrierCallId, media };
  }

  async function talksAhead(behind: Cut, script: Parameters<Harness['startCall']>[0] = {}) {
    const call = await answered(behind, script);
    const session = await eventually(() => harness.sessions.of(call.callId)[0]);
    expect((await harness.seen(call.callId)).attaches).toHaveLength(1);
    return { ...call, session };
  }

  test.concurrent('is greeted from what was prepared while the phone rang, and attached when Temporal is back', () =>
    withDoor(async (behind) => {
      const { door } = behind;
      const { callId, carrierCallId, media, session } = await talksAhead(behind);
      const warm = harness.sessions.warmed.find((entry) => entry.callId === callId);
      expect(session.options).toMatchObject({ history: [], prewarmed: warm?.prewarmed });
      expect([session.started, session.options.resume]).toEqual([true, undefined]);
      media.audio(Buffer.from('hello'));
      session.options.emit({ kind: 'human_confirmed', text: 'hello' });
      await eventually(() => session.audio.length > 0);
      door.thaw();
      await eventually(async () => (await harness.seen(callId)).gatewayEvents.length > 0);
      // Longer than the heartbeat time-out: it is told of from then on.
      await new Promise((resolve) => setTimeout(resolve, 6_500));
      const seen = await harness.seen(callId);
      expect(seen.lost).toEqual([]);
      expect(seen.gatewayEvents).toMatchObject([{ kind: 'human_confirmed', sequence: 1, streamId: media.streamId }]);
      media.stop(carrierCallId);
      expect(await reports(callId)).toMatchObject([{ end: 'caller_hung_up', turns: [{ text: 'hello' }] }]);
      expect(harness.sessions.of(callId)).toHaveLength(1);
      expect(warm?.disposed).toBe(false);
    }));

  test.concurrent('loses the agent without a report when the attach is refused after the greeting, and is hung up', () =>
    withDoor(async (behind) => {
      const { door } = behind;
      const { callId, carrierCallId, media, session } = await talksAhead(behind, {
        refuse: { kind: 'refused', action: 'hangup', code: 'PATTER_CALL_DUPLICATE', reason: 'second call' },
      });
      door.thaw();
      await media.closed;
      await eventually(() => harness.rest.ended.includes(carrierCallId));
      expect(session.streamClosed).toBe(1);
      const seen = await harness.seen(callId);
      expect([seen.reports, seen.attaches.filter(({ over }) => over)]).toEqual([[], []]);
    }));

  test.concurrent('is told of afterwards, from the disk of a gateway that is gone too, when it was over before', () =>
    withDoor(async (behind) => {
      const { home, cut } = behind;
      const { callId, carrierCallId, media, session } = await talksAhead(behind);
      media.audio(Buffer.from('never again'));
      await eventually(() => session.audio.length > 0);
      session.options.emit({ kind: 'opt_out', by: 'voice' });
      session.options.emit({ kind: 'consent_heard' });
      media.stop(carrierCallId);
      await media.closed;
      await cut.stop();
      expect((await harness.seen(callId)).reports).toEqual([]);
      await harness.gateway({ home });
      expect(await reports(callId)).toMatchObject([{ end: 'caller_hung_up', turns: [{ text: 'never again' }] }]);
      const { attaches, gatewayEvents } = await harness.seen(callId);
      expect(attaches.at(-1)).toMatchObject({ carrierCallId, streamId: media.streamId, talkingSince: 1 });
      // What asks for something to be done in the talk is out of date.
      expect(gatewayEvents).toMatchObject([{ kind: 'opt_out', sequence: 1 }]);
      expect(harness.rest.ended).not.toContain(carrierCallId);
    }));

  test.concurrent('is hung up when the agent ends it, and told of when Temporal is back', () =>
    withDoor(async (behind) => {
      const { door } = behind;
      const { callId, carrierCallId, media, session } = await talksAhead(behind);
      session.end('agent_ended');
      await media.closed;
      expect(harness.rest.ended).toContain(carrierCallId);
      door.thaw();
      expect(await reports(callId)).toMatchObject([{ end: 'agent_ended' }]);
      expect((await harness.seen(callId)).lost).toEqual([]);
    }));

  test.concurrent('bug: a call that asked for a transfer while Temporal was away began anew at another gateway', () =>
    withDoor(async (behind) => {
      const { door, cut } = behind;
      const { callId, carrierCallId } = await harness.startCall();
      const media = await MediaClient.start(cut, carrierCallId, tokenFor(callId));
      const session = await eventually(() => harness.sessions.of(callId)[0]);
      door.freeze();
      session.end('transfer_requested');
      // Temporal is back, and has missed heartbeats; the report has not come through yet.
      const reattach = { commandId: 'c1', callId, streamId: media.streamId, kind: 'reattach' };
      const ask = (kind: string) => command(callId, { ...reattach, kind }, SECRET_KEY, callId, cut);
      expect(await ask('reattach')).toMatchObject({ status: 200 });
      door.thaw();
      expect(await reports(callId)).toMatchObject([{ end: 'transfer_requested' }]);
      // Told: whoever asks now knows of the transfer, and finds the caller here.
      await eventually(async () => (await ask('reattach')).status === 404);
      expect(await ask('still_holding')).toMatchObject({ status: 200 });
      media.stop(carrierCallId);
      await media.closed;
    }));

  test.concurrent('is told of once more when the news of its end came first', () =>
    withDoor(async (behind) => {
      const { door } = behind;
      const { callId, media } = await talksAhead(behind, {
        refuse: { kind: 'refused', action: 'hangup', code: 'PATTER_CALL_ENDED', reason: 'the call has ended' },
      });
      door.thaw();
      await media.closed;
      await eventually(async () => (await harness.seen(callId)).attaches.some(({ over }) => over?.report.end === 'caller_hung_up'));
    }));

  test.concurrent('goes on with what was said before, where there was something after all', () =>
    withDoor(async (behind) => {
      const { door } = behind;
      const history = [{ role: 'user', text: 'before', at: 1 }] as const;
      const { callId, carrierCallId, media, session } = await talksAhead(behind, { history: [...history] });
      door.thaw();
      const next = await eventually(() => harness.sessions.of(callId)[1]);
      expect(next.options.history).toEqual(history);
      expect(session.streamClosed).toBe(1);
      media.audio(Buffer.from('and now'));
      await eventually(() => next.audio.length > 0);
      media.stop(carrierCallId);
      expect(await reports(callId)).toMatchObject([{ turns: [{ text: 'and now' }] }]);
    }));

  test.concurrent('is not greeted by a later stream of the call, nor by a gateway that has nothing prepared', () =>
    withDoor(async (behind) => {
      const { door, cut } = behind;
      const later = await answered(behind, {}, { a: 2 });
      const { callId, carrierCallId } = await harness.startCall();
      const cold = await MediaClient.start(cut, carrierCallId, tokenFor(callId));
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      expect([...harness.sessions.of(later.callId), ...harness.sessions.of(callId)]).toEqual([]);
      door.thaw();
      await eventually(() => harness.sessions.of(callId)[0]);
      await eventually(() => harness.sessions.of(later.callId)[0]);
      later.media.stop(later.carrierCallId);
      cold.stop(carrierCallId);
      await reports(callId);
      await reports(later.callId);
    }));
});
