/** Calls that are recorded with consent, paused, fetched and forgotten; keys pressed into a menu. What the files hold is read from their audio. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCarriers, requireCarrier } from '../../carriers';
import type { CarrierName } from '../../contracts/carrier';
import type { ReportRecording } from '../../contracts/report';
import { erasePerson } from '../../control/privacy/erase-person';
import { Demodulator } from '../../lab/voice';
import { listProcessStates } from '../../runtime/process-files';
import { until } from '../chaos/until';
import { phoneOf, startWorld, type World } from './world';

const BAUD = 1200;
const CONSENT = 'This call is recorded for training.';
const WITHIN_MS = 60_000;
const DIALING = { cps: 20, maxConcurrent: 30, ringTimeout: '4s', machineDetection: false };
const AGENT = {
  engine: { type: 'openai-realtime' as const },
  systemPrompt: 'You are the assistant of Acme Dental.',
  disclosure: 'This is an AI assistant.',
  firstMessage: 'Good day, how can I help you?',
};

let world: World;
let menus: Promise<unknown>;

beforeAll(async () => {
  world = await startWorld(
    {
      personas: {
        pays: {
          kind: 'human',
          steps: [
            { hear: '/help you/', say: 'I want to pay by card.' },
            { hear: '/your number/', say: 'It is four one one one.' },
            { hear: '/card is charged/', say: 'Thank you, goodbye.' },
            { hear: '/bye|welcome|day/i', orAfterMs: 4_000, hangUp: true },
          ],
        },
        asks: {
          kind: 'human',
          steps: [
            { hear: '/help you/', say: 'What are your opening hours please?' },
            { hear: '/eight to six/', say: 'Thank you, goodbye.' },
            { hear: '/bye|welcome|day/i', orAfterMs: 4_000, hangUp: true },
          ],
        },
        menu: {
          kind: 'human',
          steps: [
            { hear: '/help you/', say: 'Welcome to Globex. Press one two for sales.' },
            { hearKeys: '^12$', waitMs: 2_000, say: 'Sales department, who is calling please?' },
            { hear: '/Acme/', say: 'Thank you, goodbye.' },
            { hear: '/bye|welcome|day/i', orAfterMs: 4_000, hangUp: true },
          ],
        },
      },
      default: 'asks',
      people: {
        ...{ [phoneOf(0)]: 'pays', [phoneOf(1)]: 'asks', [phoneOf(2)]: 'asks', [phoneOf(3)]: 'menu' },
        ...{ [phoneOf(4)]: 'pays', [phoneOf(5)]: 'menu' },
      },
      brain: [
        { when: 'pay by card', call: { tool: 'set_recording', args: { paused: true } }, thenSay: 'Please tell me your number.' },
        { when: 'four one', call: { tool: 'set_recording', args: { paused: false } }, thenSay: 'Your card is charged.' },
        { when: 'opening hours', say: 'We are open from eight to six.' },
        { when: 'who is calling', say: 'This is Acme Dental calling.' },
        { when: 'press one two', once: true, call: { tool: 'send_dtmf', args: { digits: '12' } } },
      ],
    },
    { baud: BAUD },
  );
  // Beside the first one: the lines of these are long.
  menus = Promise.all([menuCall('twilio', phoneOf(3), 2), menuCall('telnyx', phoneOf(5), 1)]);
  menus.catch(() => undefined);
}, 300_000);
afterAll(() => world?.stop(), 60_000);

test('on both carriers the file holds what both sides said after the consent line, and nothing of what was said while it was paused', async () => {
  await Promise.all([pausedCall('twilio', phoneOf(0)), pausedCall('telnyx', phoneOf(4))]);
});

async function pausedCall(by: CarrierName, phone: string): Promise<void> {
  const [recording, callId] = await recorded(`pauses-${by}`, phone, { consent: CONSENT, pausable: true }, by);
  const { text, file } = stored(recording);
  const [call] = await world.calls(phone);
  if (!call) throw new Error('no call');
  const heard = call.heard.map((segment) => segment.text).join('');
  expect(heard).toContain(`${AGENT.disclosure}${CONSENT}`);
  expect(text.caller).toContain('I want to pay by card.');
  expect(text.agent).toContain('Your card is charged.');
  expect(text.caller).toContain('Thank you, goodbye.');
  expect(text.caller).not.toMatch(/four one/);
  expect(text.agent).not.toContain(CONSENT);
  expect(file.sha256).toBe(
    createHash('sha256')
      .update(readFileSync(file.location as string))
      .digest('hex'),
  );
  const row = await world.ctx.store.recordings.get(callId);
  expect(row?.track.changes.map(({ state }) => state)).toEqual(['starting', 'recording', 'paused', 'recording', 'stopped']);
  // The carrier's own copy is gone once ours is safe.
  await until(async () => ((await carrier(by).recordings.list(call.callSid)).length === 0 ? true : undefined), {
    what: 'removed at the carrier',
    withinMs: WITHIN_MS,
  });
}

test('the webhooks hear of the file after the call, once per receiver', async () => {
  // The file is stored first, and told of then.
  const ready = await until(
    async () => {
      const { webhooks } = await world.ledger();
      const told = webhooks.filter(({ body }) => (body as { type: string }).type === 'recording.ready');
      return told.length > 1 ? told : undefined;
    },
    { what: 'the webhook of the file', withinMs: WITHIN_MS },
  );
  expect(ready).toHaveLength(2);
  for (const one of ready) {
    expect(one).toMatchObject({ verified: true, body: { data: { recording: { state: 'stopped', files: [{ state: 'stored' }] } } } });
  }
});

test('a worker that is killed while it fetches: another one fetches the same file, and there is one', async () => {
  await world.addFaults([
    { kind: 'recording_stalls', to: phoneOf(1), count: 1 },
    { kind: 'callback_missing', to: phoneOf(1), event: 'recording-completed' },
  ]);
  const campaignId = await world.start({ name: 'killed', agent: AGENT, dialing: DIALING, recording: { consent: CONSENT } }, [phoneOf(1)]);
  await world.end(campaignId);
  const folder = join(world.home, 'recordings');
  await until(() => (partials(folder).length > 0 ? true : undefined), { what: 'half a file', withinMs: WITHIN_MS });
  const worker = listProcessStates(world.home).find(({ role }) => role.startsWith('worker'));
  if (!worker) throw new Error('no worker');
  process.kill(worker.pid, 'SIGKILL');
  const recording = await fetched(campaignId);
  expect(stored(recording).text.caller).toContain('What are your opening hours please?');
  expect(partials(folder)).toEqual([]);
  expect(readdirSync(join(folder, recording.callId))).toHaveLength(1);
}, 120_000);

test('whoever asks to be forgotten: the file goes, here and at the carrier', async () => {
  const [recording, callId] = await recorded('forgotten', phoneOf(2), { consent: CONSENT, fetch: true });
  const { file } = stored(recording);
  const erased = await erasePerson(world.ctx, { phone: phoneOf(2) });
  expect(erased).toMatchObject({ recordingsPending: false });
  expect(existsSync(file.location as string)).toBe(false);
  const row = await world.ctx.store.recordings.get(callId);
  expect(row).toMatchObject({ files: [], removedAt: expect.any(Date) });
});

test('on both carriers keys are pressed once into a menu, and the talk goes on without another greeting', async () => {
  // Telnyx presses them beside the stream, which stays.
  await menus;
});

async function menuCall(by: CarrierName, phone: string, streams: number): Promise<void> {
  const campaignId = await world.start({ name: `menu-${by}`, carrier: by, agent: AGENT, dialing: DIALING }, [phone]);
  const { report } = await world.end(campaignId);
  const [call] = await world.calls(phone);
  if (!call) throw new Error('no call');
  expect(call.dtmfHeard).toBe('12');
  expect(call.streams).toHaveLength(streams);
  const heard = call.heard.map(({ text }) => text).join('');
  expect(heard.match(/This is an AI assistant/g)).toHaveLength(1);
  expect(heard).toContain('This is Acme Dental calling.');
  expect(heard).not.toMatch(/back|interrupted|sorry/i);
  const [result] = report.results;
  expect(result?.calls[0]?.transcript.map(({ text }) => text).join(' ')).toContain('Sales department, who is calling please?');
  const attempt = await world.ctx.store.attempts.get(result?.calls[0]?.callId ?? '');
  expect(attempt?.toolCalls.filter(({ name }) => name === 'send_dtmf')).toMatchObject([{ ok: true }]);
}

type Stored = ReportRecording & { callId: string };

async function recorded(name: string, phone: string, recording: object, by: CarrierName = 'twilio'): Promise<[Stored, string]> {
  const campaignId = await world.start({ name, carrier: by, agent: AGENT, dialing: DIALING, recording }, [phone]);
  await world.end(campaignId);
  const found = await fetched(campaignId);
  return [found, found.callId];
}

async function fetched(campaignId: string): Promise<Stored> {
  return until(
    async () => {
      const { report } = await world.end(campaignId);
      const call = report.results[0]?.calls[0];
      const file = call?.recording?.files[0];
      return call?.recording && file?.state === 'stored' ? { ...call.recording, callId: call.callId } : undefined;
    },
    { what: 'a stored recording', withinMs: WITHIN_MS },
  );
}

function stored(recording: ReportRecording) {
  const [file, another] = recording.files;
  if (!file?.location || another) throw new Error(`not one stored file: ${JSON.stringify(recording)}`);
  const wav = readFileSync(file.location);
  expect(wav).toHaveLength(file.bytes as number);
  return { file, text: { caller: channelText(wav, 0), agent: channelText(wav, 1) } };
}

/** 16 bits, two channels, 8 kHz, after a header of 44 bytes. */
function channelText(wav: Buffer, channel: 0 | 1): string {
  let text = '';
  const ear = new Demodulator({ sampleRate: 8000, baud: BAUD }, { text: (fragment) => (text += fragment) });
  const samples = new Int16Array((wav.length - 44) / 4);
  for (let i = 0; i < samples.length; i++) samples[i] = wav.readInt16LE(44 + 4 * i + 2 * channel);
  ear.push(samples);
  return text;
}

function partials(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.partial'));
}

function carrier(name: CarrierName) {
  return requireCarrier(createCarriers(world.stack.config), name);
}
