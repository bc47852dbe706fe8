import path from 'node:path';
import { decodeMulaw, encodeMulaw } from '../../contracts/g711';
import { loadPersonas, type PersonaInput } from '../../lab/persona';
import { Casting, loadScenario } from '../../lab/scenario';
import { Demodulator, modulate } from '../../lab/voice';
import { BAUD, Harness, type MediaPeer, TO } from './harness';

let harness: Harness | undefined;
afterEach(async () => {
  await harness?.stop();
  harness = undefined;
});

const speech = (text: string) => encodeMulaw(modulate(text, { sampleRate: 8000, baud: BAUD }));

async function talkTo(persona: PersonaInput): Promise<{ peer: MediaPeer; callSid: string }> {
  harness = await Harness.start({ people: { [TO]: persona } });
  const call = await harness.create();
  const peer = await harness.until('start', () => harness?.peers.find((other) => other.of('start').length > 0));
  return { peer, callSid: call.sid };
}

test('every persona of the folder can be read, and a scenario that names another one is refused at once', () => {
  expect([...loadPersonas().keys()]).toEqual(expect.arrayContaining(['confirms', 'opts-out', 'voicemail', 'busy', 'human-agent']));
  expect(() => new Casting(loadScenario({ people: { [TO]: 'nobody-of-this-name' } }))).toThrow(/nobody-of-this-name/);
  expect(() => loadScenario({ people: { [TO]: { kind: 'martian' } as never } })).toThrow(/scenario/);
});

test('the people of the example campaign can all be cast', () => {
  const scenario = loadScenario(path.join(__dirname, '../../examples/reminder/people.yaml'));
  const casting = new Casting(scenario);
  expect(Object.keys(scenario.people).map((number) => casting.peek(number).persona.kind)).toEqual(
    expect.arrayContaining(['human', 'voicemail', 'busy', 'no_answer', 'rejected', 'failed', 'invalid']),
  );
});

test('a mailbox keeps what comes after the beep, and hangs up when nothing more comes', async () => {
  const { peer, callSid } = await talkTo({ kind: 'voicemail', answerAfterMs: 0, greeting: 'Leave a message.', endSilenceMs: 500 });
  const greeted = () => harness!.entry(callSid).said.length > 0;
  await harness!.until('the greeting', () => peer.of('media').length > 0 && greeted());
  // Spoken into the greeting: lost, as in life.
  peer.sendAudio(speech('Too early.'));
  await harness!.until('the beep', () => harness!.entry(callSid).voicemail !== undefined);
  peer.sendAudio(speech('This is Acme Dental. Please call back.'));
  await harness!.until('completed', () => harness!.statuses().includes('completed'));
  expect(harness!.entry(callSid)).toMatchObject({ voicemail: 'This is Acme Dental. Please call back.', endedBy: 'callee' });
});

test('somebody who interrupts does so after so many characters, while the agent still speaks', async () => {
  const { peer, callSid } = await talkTo({ kind: 'human', answerAfterMs: 0, steps: [{ interruptAfterChars: 12, say: 'Wait!' }] });
  const text = 'This sentence goes on for much longer than anybody would want to listen to it. '.repeat(8);
  peer.sendAudio(speech(text));
  const heard = () => harness!.entry(callSid).heard[0]?.text ?? '';
  await harness!.until('the interruption', () => harness!.entry(callSid).said.length > 0);
  expect(heard().length).toBeGreaterThanOrEqual(12);
  expect(heard().length).toBeLessThan(text.length / 2);
});

test('somebody who hangs up mid-sentence has heard exactly what the ledger says', async () => {
  const { peer, callSid } = await talkTo({ kind: 'human', answerAfterMs: 0, steps: [{ interruptAfterChars: 20, hangUp: true }] });
  const text = 'This sentence goes on for much longer than anybody would want to listen to it. '.repeat(8);
  peer.sendAudio(speech(text));
  await harness!.until('completed', () => harness!.statuses().includes('completed'));
  const heard = harness!.entry(callSid).heard[0]!.text;
  expect(text.startsWith(heard)).toBe(true);
  expect(heard.length).toBeGreaterThanOrEqual(20);
  expect(heard.length).toBeLessThan(text.length);
});

test('somebody whose patience is at its end hangs up', async () => {
  const { callSid } = await talkTo({ kind: 'human', answerAfterMs: 0, patienceMs: 400, steps: [] });
  await harness!.until('completed', () => harness!.statuses().includes('completed'));
  expect(harness!.entry(callSid)).toMatchObject({ endedBy: 'callee' });
  expect(harness!.entry(callSid).longestSilenceMs).toBeGreaterThanOrEqual(300);
});

test('a first word is not cut by a media stream that opens slowly', async () => {
  const lab = await Harness.start({ people: { [TO]: { kind: 'human', answerAfterMs: 0, steps: [{ say: 'Hello?' }] } } });
  harness = lab;
  lab.acceptAfterMs = 900;
  await lab.create();
  const peer = await lab.until('start', () => lab.peers.find((other) => other.of('start').length > 0));
  let text = '';
  const demodulator = new Demodulator({ sampleRate: 8000, baud: BAUD }, { text: (fragment) => (text += fragment) });
  let seen = 0;
  await lab.until('the first words', () => {
    for (const { media } of peer.of('media').slice(seen)) demodulator.push(decodeMulaw(Buffer.from(media?.payload ?? '', 'base64')));
    seen = peer.of('media').length;
    return text.endsWith('?');
  });
  expect(text).toBe('Hello?');
});
