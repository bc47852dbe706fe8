/** Recording at Telnyx as the product asks for it, against the lab; and as it reads what Telnyx tells of it. */
import { createTelnyxCarrier, parseTelnyxEnvelope, parseTelnyxNews } from '../../carriers/telnyx';
import type { CarrierRecordings } from '../../contracts/carrier-recording';
import { faultSchema } from '../../lab/faults';
import { LAB_TELNYX } from '../../lab/scenario';
import { speech, TelnyxHarness, TO, textOf } from '../lab/telnyx-harness';

const DEADLINE_MS = 20_000;

let harness: TelnyxHarness;
let recordings: CarrierRecordings;
let call: string;

beforeEach(async () => {
  harness = await TelnyxHarness.start({ people: { [TO]: { kind: 'human', answerAfterMs: 0, steps: [] } } });
  recordings = createTelnyxCarrier({ ...LAB_TELNYX, baseUrl: `${harness.lab.url}/v2` }).recordings;
  const state = Buffer.from(JSON.stringify({ c: 'call_1', l: 'call' })).toString('base64');
  call = await harness.dial({ client_state: state });
  await harness.webhook('call.answered', call);
});
afterEach(() => harness.stop());

const start = () => recordings.start({ callId: 'call_1', carrierCallId: call, gatewayUrl: 'https://a.example' });

/** Heard by the person: it is on the second channel of the file. */
async function say(text: string): Promise<void> {
  const before = heard();
  (await harness.peer()).audio(speech(text));
  await harness.until(text, () => heard().length >= before.length + text.length);
}
const heard = () =>
  harness
    .entry(call)
    .heard.map(({ text }) => text)
    .join('');

async function saved(count = 1): Promise<string[]> {
  await harness.until('saved', () => harness.of('call.recording.saved').length === count);
  return harness.of('call.recording.saved').map(({ payload }) => String(payload.call_leg_id));
}

async function fileOf(recordingId: string): Promise<{ contentType: string; agent: string; seconds: number }> {
  const { contentType, body } = await recordings.download(recordingId, AbortSignal.timeout(DEADLINE_MS));
  const wav = Buffer.from(await new Response(body).arrayBuffer());
  const agent = Int16Array.from({ length: (wav.length - 44) / 4 }, (_, i) => wav.readInt16LE(44 + 4 * i + 2));
  return { contentType, agent: textOf([agent]), seconds: agent.length / 8_000 };
}

test('started twice, paused, resumed and stopped while the call goes on: one file, without what was paused', async () => {
  // Telnyx names no recording before it is saved.
  await expect(Promise.all([start(), start()])).resolves.toEqual([{ recordingId: undefined }, { recordingId: undefined }]);
  await expect(recordings.list(call)).resolves.toEqual([]);
  await say('One. ');
  await recordings.pause(call, undefined);
  await recordings.pause(call, undefined);
  await say('Two. ');
  await recordings.resume(call, undefined);
  await say('Three.');
  await recordings.stop(call, undefined);
  await saved();
  await say('Four.');
  await harness.client.calls.actions.hangup(call, {});
  await harness.webhook('call.hangup', call);

  const [recording, another] = await recordings.list(call);
  expect(another).toBeUndefined();
  expect(recording).toMatchObject({
    recordingId: expect.any(String),
    carrierCallId: call,
    state: 'available',
    channels: 2,
    startedAt: expect.any(Number),
  });
  const file = await fileOf(recording?.recordingId as string);
  expect(file).toMatchObject({ contentType: 'audio/wav', agent: 'One. Three.' });
  expect(Math.round(file.seconds)).toBe(recording?.durationS);
});

test('a start after the stop is none: the same command is taken once, and the workflow gives none', async () => {
  await start();
  await recordings.stop(call, undefined);
  await saved();
  await start();
  await harness.client.calls.actions.hangup(call, {});
  await harness.webhook('call.hangup', call);
  expect(await recordings.list(call)).toHaveLength(1);
});

test('the news of a file names the leg, and by that it is fetched and deleted; gone already is success', async () => {
  await start();
  await say('Hello.');
  await recordings.stop(call, undefined);
  const [leg] = await saved();
  const [told] = harness.of('call.recording.saved');
  const envelope = parseTelnyxEnvelope(JSON.stringify({ data: { id: 'e1', event_type: told?.type, payload: told?.payload } }), 1);
  expect(envelope && parseTelnyxNews(envelope)?.event).toMatchObject({ kind: 'recording', recordingId: `leg:${leg}`, status: 'completed' });
  await expect(fileOf(`leg:${leg}`)).resolves.toMatchObject({ agent: 'Hello.' });

  await recordings.remove(`leg:${leg}`);
  await recordings.remove(`leg:${leg}`);
  expect(await recordings.list(call)).toEqual([]);
  for (const id of [`leg:${leg}`, 'no-such-recording']) {
    await recordings.remove(id);
    await expect(recordings.download(id, AbortSignal.timeout(DEADLINE_MS))).rejects.toMatchObject({
      code: 'PATTER_CARRIER_REFUSED',
      details: { httpStatus: 404 },
    });
  }
});

test('a recording that Telnyx could not save is told as one that failed; a call that is over takes no command', async () => {
  harness.lab.faults.add(faultSchema.parse({ kind: 'recording_failed', to: TO }));
  await start();
  await harness.client.calls.actions.hangup(call, {});
  const { type, payload } = await harness.webhook('call.recording.error', call);
  const envelope = parseTelnyxEnvelope(JSON.stringify({ data: { id: 'e1', event_type: type, payload } }), 1);
  expect(envelope && parseTelnyxNews(envelope)?.event).toMatchObject({
    kind: 'recording',
    status: 'failed',
    error: 'Internal server error',
  });
  for (const command of ['pause', 'resume', 'stop'] as const) {
    await expect(recordings[command](call, undefined)).rejects.toMatchObject({ code: 'PATTER_CALL_ENDED' });
  }
});
