/** Recording and key presses as the call's workflow orders them: in order, once, and across gateways. */
import { ApplicationFailure } from '@temporalio/activity';
import type { CallSetup } from '../../contracts/call';
import type { RecordingTrack } from '../../contracts/recording';
import { callScenarios } from './call-scenario';
import { CallWorld, placed, rules, turn, until } from './call-world';

const { scenario } = callScenarios();
const CONSENT = 'This call is recorded.';

const recorded = (over: Partial<NonNullable<CallSetup['recording']>> = {}) => ({
  dial: async () => placed({ setup: { ...rules().setup, recording: { consent: CONSENT, pausable: true, ...over } } }),
});

const answers = (world: CallWorld) =>
  world
    .inputsOf('commandGateway')
    .map((input) => (input as { command: { kind: string; requestId?: string; ok?: boolean; result?: string } }).command)
    .filter(({ kind }) => kind === 'tool_answer');

const trackAtEnd = (world: CallWorld) => (world.inputsOf('noteRecording').at(-1) as { track: RecordingTrack }).track.changes;

async function hangUp(world: CallWorld): Promise<void> {
  await world.report('agent_ended');
  await world.status('completed', { durationS: 20, at: Date.UTC(2026, 0, 5, 12, 1) });
  await world.settled();
}

scenario('recording starts when consent was heard, once, and is paused and resumed in order', 'recorded_paused', (bench) => {
  const world = new CallWorld(bench, recorded());
  return {
    world,
    async play() {
      await world.answer();
      expect(world.inputsOf('startRecording')).toEqual([]);
      await world.gatewayEvent({ kind: 'consent_heard' });
      await world.gatewayEvent({ kind: 'consent_heard' });
      await world.gatewayEvent({ kind: 'set_recording', requestId: 'p1', paused: true });
      await world.gatewayEvent({ kind: 'set_recording', requestId: 'p1', paused: true });
      await world.gatewayEvent({ kind: 'set_recording', requestId: 'p2', paused: false });
      await until(() => answers(world).length === 2, 'two answers');
      expect(answers(world)).toMatchObject([
        { requestId: 'p1', ok: true, result: 'paused' },
        { requestId: 'p2', ok: true, result: 'recording' },
      ]);
      await hangUp(world);
      expect(world.ran.map(({ name }) => name).filter((name) => /Recording/.test(name))).toEqual([
        'startRecording',
        'setRecordingPaused',
        'setRecordingPaused',
        'noteRecording',
      ]);
      expect(world.inputsOf('setRecordingPaused')).toMatchObject([{ recordingId: 'RE1', paused: true }, { paused: false }]);
      expect(trackAtEnd(world).map(({ state }) => state)).toEqual(['starting', 'recording', 'paused', 'recording', 'stopped']);
    },
  };
});

scenario('a carrier that refuses to record: the call goes on, and the reason is kept', 'recording_refused', (bench) => {
  const world = new CallWorld(bench, {
    ...recorded(),
    startRecording: async () => {
      throw ApplicationFailure.nonRetryable('recording is not enabled for this account', 'PATTER_CARRIER_REFUSED');
    },
  });
  return {
    world,
    async play() {
      await world.answer();
      await world.gatewayEvent({ kind: 'consent_heard' });
      await world.gatewayEvent({ kind: 'set_recording', requestId: 'p1', paused: true });
      await until(() => answers(world).length === 1, 'an answer');
      expect(answers(world)).toMatchObject([{ ok: false, result: expect.stringContaining('failed') }]);
      await hangUp(world);
      expect(trackAtEnd(world)).toMatchObject([
        { state: 'starting' },
        { state: 'failed', reason: 'recording is not enabled for this account' },
      ]);
    },
  };
});

scenario(
  'whoever does not want to be recorded any more is not: it is stopped once, and neither goes on nor begins anew',
  'recording_stopped',
  (bench) => {
    const world = new CallWorld(bench, recorded());
    return {
      world,
      async play() {
        await world.answer();
        await world.gatewayEvent({ kind: 'consent_heard' });
        await world.gatewayEvent({ kind: 'set_recording', requestId: 'p1', paused: true });
        await world.gatewayEvent({ kind: 'set_recording', requestId: 's1', paused: true, stopped: true });
        await world.gatewayEvent({ kind: 'set_recording', requestId: 's2', paused: true, stopped: true });
        await world.gatewayEvent({ kind: 'set_recording', requestId: 'p2', paused: false });
        await world.gatewayEvent({ kind: 'consent_heard' });
        await until(() => answers(world).length === 4, 'four answers');
        // Told beside each other, in no order.
        expect(Object.fromEntries(answers(world).map(({ requestId, ok, result }) => [requestId, [ok, result]]))).toEqual({
          p1: [true, 'paused'],
          s1: [true, 'stopped'],
          s2: [true, 'stopped'],
          p2: [false, 'The call is not being recorded (stopped).'],
        });
        await hangUp(world);
        expect(world.inputsOf('startRecording')).toHaveLength(1);
        expect(world.inputsOf('stopRecording')).toMatchObject([{ recordingId: 'RE1', carrierCallId: expect.any(String) }]);
        expect(trackAtEnd(world)).toMatchObject([
          { state: 'starting' },
          { state: 'recording' },
          { state: 'paused' },
          { state: 'stopped', reason: 'the caller does not want to be recorded' },
        ]);
      },
    };
  },
);

scenario('whoever does not want to be recorded before the consent line ends is not asked again', 'recording_stopped_before', (bench) => {
  const world = new CallWorld(bench, recorded());
  return {
    world,
    async play() {
      await world.answer();
      await world.gatewayEvent({ kind: 'set_recording', requestId: 's1', paused: true, stopped: true });
      await world.gatewayEvent({ kind: 'consent_heard' });
      await until(() => answers(world).length === 1, 'an answer');
      expect(answers(world)).toMatchObject([{ ok: true, result: 'stopped' }]);
      await hangUp(world);
      expect(world.inputsOf('startRecording')).toEqual([]);
      expect(world.inputsOf('stopRecording')).toEqual([]);
    },
  };
});

scenario('a recording that is not pausable is not paused', 'recording_not_pausable', (bench) => {
  const world = new CallWorld(bench, recorded({ pausable: false }));
  return {
    world,
    async play() {
      await world.answer();
      await world.gatewayEvent({ kind: 'consent_heard' });
      await world.gatewayEvent({ kind: 'set_recording', requestId: 'p1', paused: true });
      await until(() => answers(world).length === 1, 'an answer');
      expect(answers(world)).toMatchObject([{ ok: false }]);
      await hangUp(world);
      expect(world.inputsOf('setRecordingPaused')).toEqual([]);
    },
  };
});

scenario('a gateway that died right after the consent line: the next one makes the recording start', 'recording_gateway_lost', (bench) => {
  const world = new CallWorld(bench, recorded());
  return {
    world,
    async play() {
      await world.answer();
      await world.heartbeat(1, { turns: [turn('assistant', `I am an AI. ${CONSENT}`)] });
      // No more heartbeats: its time-out passes, and the carrier turns to another gateway.
      expect(await world.nextInstruction()).toMatchObject({ kind: 'stream' });
      expect(await world.stream('MZ2', { gatewayId: 'gw-2' })).toMatchObject({ resume: 'connection_lost' });
      await world.ranOnce('startRecording');
      await world.report('agent_ended', {}, 2);
      await world.status('completed', { durationS: 20 });
      await world.settled();
      expect(world.inputsOf('startRecording')).toHaveLength(1);
    },
  };
});

scenario('consent that was cut off is no consent', 'recording_consent_unheard', (bench) => {
  const world = new CallWorld(bench, recorded());
  return {
    world,
    async play() {
      await world.answer();
      await world.heartbeat(1, { turns: [turn('assistant', 'This call is')] });
      expect(await world.nextInstruction()).toMatchObject({ kind: 'stream' });
      await world.stream('MZ2', { gatewayId: 'gw-2' });
      await world.report('agent_ended', {}, 2);
      await world.status('completed', { durationS: 20 });
      await world.settled();
      expect(world.inputsOf('startRecording')).toEqual([]);
      expect(world.inputsOf('noteRecording')).toEqual([]);
    },
  };
});

scenario('keys that take the stream: pressed once, and the same call goes on as if nothing had happened', 'digits_sent', (bench) => {
  const world = new CallWorld(bench);
  return {
    world,
    async play() {
      await world.answer();
      await world.gatewayEvent({ kind: 'send_digits', requestId: 'd1', digits: '123#' });
      await world.gatewayEvent({ kind: 'send_digits', requestId: 'd1', digits: '123#' });
      await world.ranOnce('sendDigits');
      await world.report('digits_sent', { turns: [turn('user', 'Press one.')] });
      await until(async () => (await world.view()).phase === 'reconnecting', 'reconnecting');
      expect(await world.stream('MZ2')).toMatchObject({
        kind: 'attached',
        resume: 'digits_sent',
        digits: { digits: '123#', sent: true },
        history: [{ text: 'Press one.' }],
      });
      await world.report('agent_ended', {}, 2);
      await world.status('completed', { durationS: 20 });
      await world.settled();
      expect(world.inputsOf('sendDigits')).toEqual([
        expect.objectContaining({ requestId: 'd1', digits: '123#', gatewayId: 'gw-1', attachment: 2 }),
      ]);
      // A stream of ours would have taken the place of the keys.
      expect(world.inputsOf('restreamCall')).toEqual([]);
    },
  };
});

scenario('keys beside the stream: the model is answered where it asked', 'digits_kept', (bench) => {
  const world = new CallWorld(bench, { sendDigits: async () => ({ kind: 'sent', stream: 'kept' }) });
  return {
    world,
    async play() {
      await world.answer();
      await world.gatewayEvent({ kind: 'send_digits', requestId: 'd1', digits: '1' });
      await until(() => answers(world).length === 1, 'an answer');
      expect(answers(world)).toMatchObject([{ requestId: 'd1', ok: true }]);
      await hangUp(world);
    },
  };
});

scenario('keys whose fate is unknown are not pressed again, and the model is told so on the next stream', 'digits_unknown', (bench) => {
  const world = new CallWorld(bench, {
    sendDigits: async () => {
      throw new Error('the worker died');
    },
  });
  return {
    world,
    async play() {
      await world.answer();
      await world.gatewayEvent({ kind: 'send_digits', requestId: 'd1', digits: '1' });
      await until(() => answers(world).length === 1, 'an answer');
      expect(answers(world)).toMatchObject([{ ok: false, result: expect.stringContaining('not known') }]);
      // The gateway dies too.
      expect(await world.nextInstruction()).toMatchObject({ kind: 'stream' });
      expect(await world.stream('MZ2', { gatewayId: 'gw-2' })).toMatchObject({ resume: 'digits_sent', digits: { sent: false } });
      await world.report('agent_ended', {}, 2);
      await world.status('completed', { durationS: 20 });
      await world.settled();
      expect(world.inputsOf('sendDigits')).toHaveLength(1);
    },
  };
});
