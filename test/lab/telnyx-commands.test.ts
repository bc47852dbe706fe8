import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeMulaw } from '../../contracts/g711';
import type { FaultInput } from '../../lab/faults';
import type { PersonaInput } from '../../lab/persona';
import { wavFrames } from '../../lab/phone/wav';
import { Recorder } from '../../lab/telnyx/recorder';
import { speech, TelnyxHarness, TO, textOf } from './telnyx-harness';

let harness: TelnyxHarness;
afterEach(() => harness.stop());

const LISTENER: PersonaInput = { kind: 'human', answerAfterMs: 0, steps: [] };
const VOICE = { voice: 'female', language: 'en-US' } as const;

async function answered(persona: PersonaInput = LISTENER, faults: FaultInput[] = []): Promise<string> {
  harness = await TelnyxHarness.start({ people: { [TO]: persona }, faults });
  const id = await harness.dial({ stream_url: undefined });
  await harness.webhook('call.answered', id);
  return id;
}

/** The two channels of a file of 16 bits. */
function channelsOf(file: Buffer): [Int16Array, Int16Array] {
  const count = (file.length - 44) / 4;
  const channel = (which: number) => Int16Array.from({ length: count }, (_, i) => file.readInt16LE(44 + 4 * i + 2 * which));
  return [channel(0), channel(1)];
}

test('speak is heard, one after the other, and each is reported at its beginning and end', async () => {
  const id = await answered();
  const { actions } = harness.client.calls;
  await actions.speak(id, { payload: '<speak>Please <b>hold</b>.</speak>', payload_type: 'ssml', ...VOICE });
  await actions.speak(id, { payload: 'Goodbye.', ...VOICE });
  await harness.until('both', () => harness.of('call.speak.ended', id).length === 2);
  expect(harness.entry(id).heard).toMatchObject([
    { via: 'say', text: 'Please hold.' },
    { via: 'say', text: 'Goodbye.' },
  ]);
  expect(harness.of('call.speak.started', id)).toHaveLength(2);
  expect(harness.of('call.speak.ended', id).map(({ payload }) => payload.status)).toEqual(['completed', 'completed']);
});

test('what is being said when the person hangs up ends with the call', async () => {
  const id = await answered({ ...LISTENER, steps: [{ interruptAfterChars: 5, hangUp: true }] });
  await harness.client.calls.actions.speak(id, { payload: 'A long speech that nobody waits for.', ...VOICE });
  await harness.webhook('call.hangup', id);
  expect((await harness.webhook('call.speak.ended', id)).payload.status).toBe('call_hangup');
});

test('an announcement asks for digits, and asks again when none come', async () => {
  const id = await answered({ ...LISTENER, endOfTurnMs: 100, steps: [{ hear: 'again', press: '42#' }] });
  await harness.client.calls.actions.gatherUsingSpeak(id, {
    payload: 'Press a number.',
    invalid_payload: 'Press it again.',
    timeout_millis: 1500,
    ...VOICE,
  });
  const { payload } = await harness.webhook('call.gather.ended', id);
  expect(payload).toMatchObject({ digits: '42', status: 'valid' });
  expect(harness.entry(id).heard.map(({ text }) => text)).toEqual(['Press a number.', 'Press it again.']);
});

test.each([
  ['1', { maximum_digits: 1 }, '1', 'valid'],
  ['9', { valid_digits: '12', initial_timeout_millis: 600 }, '', 'timeout'],
  ['1#', { minimum_digits: 2 }, '1', 'invalid'],
] as const)('gather of %s with %j', async (keys, options, digits, status) => {
  const id = await answered({ ...LISTENER, steps: [{ waitMs: 200, press: keys }] });
  await harness.client.calls.actions.gather(id, options);
  expect((await harness.webhook('call.gather.ended', id)).payload).toMatchObject({ digits, status });
});

test('a file is fetched and really played, over and over until it is stopped; one that is not there is reported', async () => {
  const frames = new Recorder('hold', { channels: 'single', track: 'outbound' }, 0);
  const music = speech('la la la ');
  for (let at = 0; at + 160 <= music.length; at += 160) frames.push(new Uint8Array(160).fill(0xff), music.subarray(at, at + 160));
  const file = frames.wav();
  const server = createServer((request, response) => {
    if (request.url === '/hold.wav') response.end(file);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const id = await answered();
    const { actions } = harness.client.calls;
    await actions.startPlayback(id, { audio_url: `${url}/none.wav` });
    expect((await harness.webhook('call.playback.ended', id)).payload).toMatchObject({ status: 'file_not_found' });
    await actions.startPlayback(id, { audio_url: `${url}/hold.wav`, loop: 'infinity' });
    await harness.webhook('call.playback.started', id);
    await actions.speak(id, { payload: 'Now.', ...VOICE });
    await actions.stopPlayback(id, { stop: 'current' });
    await harness.until('the next in the queue', () => harness.of('call.speak.ended', id).length > 0);
    expect(harness.of('call.playback.ended', id).at(-1)?.payload).toMatchObject({ status: 'cancelled', media_url: `${url}/hold.wav` });
    expect(harness.entry(id).heard.map(({ via }) => via)).toEqual(['play', 'say']);
    expect(harness.entry(id).heard[1]?.text).toBe('Now.');
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('a recording has both sides on channels of their own, what was paused is not in it, and it can be fetched and deleted', async () => {
  harness = await TelnyxHarness.start({
    people: {
      [TO]: {
        kind: 'human',
        answerAfterMs: 0,
        endOfTurnMs: 100,
        steps: [
          { hear: 'name', say: 'Zoë.' },
          { hear: 'card', say: '1234.' },
          { hear: 'thanks', say: 'Bye.' },
        ],
      },
    },
  });
  const { client } = harness;
  const id = await harness.dial();
  const peer = await harness.peer();
  await client.calls.actions.startRecording(id, { channels: 'dual', format: 'wav', command_id: 'r1' });
  peer.audio(speech('Your name?'));
  await harness.until('a name', () => peer.heard().endsWith('Zoë.'));
  await client.calls.actions.pauseRecording(id, {});
  peer.audio(speech('Your card?'));
  await harness.until('a card', () => peer.heard().endsWith('1234.'));
  await client.calls.actions.resumeRecording(id, {});
  peer.audio(speech('Thanks!'));
  await harness.until('the end', () => peer.heard().endsWith('Bye.'));
  await client.calls.actions.hangup(id, {});
  const saved = await harness.until('saved', () => harness.of('call.recording.saved')[0]);
  expect(saved.payload).toMatchObject({ channels: 'dual', recording_urls: { wav: expect.stringContaining('http') } });
  expect(saved.payload).not.toHaveProperty('call_control_id');

  const { data: recordings } = await client.recordings.list({ filter: { call_control_id: id } });
  expect(recordings).toMatchObject([{ status: 'completed', channels: 'dual', call_control_id: id }]);
  const recording = recordings?.[0];
  const { data: retrieved } = await client.recordings.retrieve(recording?.id as string);
  const response = await fetch(retrieved?.download_urls?.wav as string);
  expect(response.headers.get('content-type')).toBe('audio/wav');
  const [person, agent] = channelsOf(Buffer.from(await response.arrayBuffer()));
  expect(textOf([person])).toBe('Zoë.Bye.');
  expect(textOf([agent])).toBe('Your name?Thanks!');
  expect(recording?.duration_millis).toBe(person.length / 8);

  await client.recordings.delete(recording?.id as string);
  await expect(client.recordings.retrieve(recording?.id as string)).rejects.toMatchObject({ status: 404 });
  expect((await fetch(retrieved?.download_urls?.wav as string)).status).toBe(403);
});

test('a recording of one channel has both voices, and MP3 is refused', async () => {
  const id = await answered();
  const { actions } = harness.client.calls;
  await expect(actions.startRecording(id, { channels: 'single', format: 'mp3' })).rejects.toMatchObject({ status: 422 });
  await actions.startRecording(id, { channels: 'single', format: 'wav' });
  await actions.speak(id, { payload: 'Kept.', ...VOICE });
  await harness.webhook('call.speak.ended', id);
  await actions.stopRecording(id, {});
  const saved = await harness.until('saved', () => harness.of('call.recording.saved')[0]);
  const { wav } = saved.payload.recording_urls as { wav: string };
  const frames = wavFrames(Buffer.from(await (await fetch(wav)).arrayBuffer()));
  expect(textOf([decodeMulaw(frames)])).toBe('Kept.');
});

test('a recording that cannot be stored is an error', async () => {
  const id = await answered(LISTENER, [{ kind: 'recording_failed' }]);
  await harness.client.calls.actions.startRecording(id, { channels: 'single', format: 'wav' });
  await harness.client.calls.actions.hangup(id, {});
  expect((await harness.webhook('call.recording.error', id)).payload.reason).toBe('Internal server error');
  expect((await harness.client.recordings.list()).data).toEqual([]);
});

const MAILBOX: PersonaInput = {
  kind: 'voicemail',
  answerAfterMs: 0,
  greeting: 'Nobody is here, leave a message.',
  beepAfterMs: 100,
  beepMs: 200,
};
const GREETER: PersonaInput = { kind: 'human', answerAfterMs: 0, steps: [{ say: 'Hello?' }] };
const detections = () =>
  harness.webhooks
    .filter(({ type }) => type.startsWith('call.machine'))
    .map(({ type, payload }) => [type.replace('call.machine.', ''), payload.result]);

test.each([
  ['premium', GREETER, [['premium.detection.ended', 'human_residence']]],
  [
    'premium',
    MAILBOX,
    [
      ['premium.detection.ended', 'machine'],
      ['premium.greeting.ended', 'beep_detected'],
    ],
  ],
  ['premium', { ...LISTENER, amd: { answeredBy: 'fax', afterMs: 100 } }, [['premium.detection.ended', 'fax_detected']]],
  ['premium', { ...GREETER, amd: { answeredBy: 'unknown', afterMs: 100 } }, [['premium.detection.ended', 'not_sure']]],
  ['detect', GREETER, [['detection.ended', 'human']]],
  ['detect', MAILBOX, [['detection.ended', 'machine']]],
  [
    'greeting_end',
    MAILBOX,
    [
      ['detection.ended', 'machine'],
      ['greeting.ended', 'beep_detected'],
    ],
  ],
  [
    'detect_beep',
    MAILBOX,
    [
      ['detection.ended', 'machine'],
      ['greeting.ended', 'beep_detected'],
    ],
  ],
] satisfies [string, PersonaInput, string[][]][])('detection %s of %j', async (mode, persona, expected) => {
  harness = await TelnyxHarness.start({ people: { [TO]: persona } });
  const id = await harness.dial({ answering_machine_detection: mode as 'premium' });
  await harness.until('all of it', () => detections().length === expected.length);
  expect(detections()).toEqual(expected);
  expect(harness.entry(id).answeredBy).toBe(expected[0]?.[1]);
});

test.each([
  [
    'premium',
    [
      ['premium.detection.ended', 'machine'],
      ['premium.greeting.ended', 'no_beep_detected'],
    ],
  ],
  [
    'greeting_end',
    [
      ['detection.ended', 'machine'],
      ['greeting.ended', 'ended'],
    ],
  ],
] as const)('a mailbox without a beep: %s', async (mode, expected) => {
  harness = await TelnyxHarness.start({ people: { [TO]: { ...MAILBOX, beepMs: 0 } } });
  await harness.dial({ answering_machine_detection: mode, answering_machine_detection_config: { greeting_silence_duration_millis: 200 } });
  await harness.until('all of it', () => detections().length === expected.length);
  expect(detections()).toEqual(expected);
});

test('who says nothing is silence to the premium detector, and a machine to the standard one', async () => {
  harness = await TelnyxHarness.start({ default: LISTENER });
  const config = { initial_silence_millis: 200 };
  await harness.dial({ answering_machine_detection: 'premium', answering_machine_detection_config: config });
  await harness.until('premium', () => detections().length === 1);
  await harness.dial({ to: '+14155550101', answering_machine_detection: 'detect', answering_machine_detection_config: config });
  await harness.until('standard', () => detections().length === 2);
  expect(detections()).toEqual([
    ['premium.detection.ended', 'silence'],
    ['detection.ended', 'machine'],
  ]);
});

test('a message after the beep is in the box', async () => {
  harness = await TelnyxHarness.start({ people: { [TO]: { ...MAILBOX, endSilenceMs: 300 } } });
  const id = await harness.dial({ answering_machine_detection: 'premium', stream_url: undefined });
  await harness.webhook('call.machine.premium.greeting.ended', id);
  await harness.client.calls.actions.speak(id, { payload: 'Call us back.', ...VOICE });
  await harness.webhook('call.hangup', id);
  expect(harness.entry(id).voicemail).toBe('Call us back.');
});
