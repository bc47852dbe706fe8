/** Local mode over Telnyx, with a pipeline and an `onMessage` of one's own, which transfers and hangs up. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { labEnvironment } from '../../cli/lab-environment';
import type { CallEntry } from '../../lab/ledger';
import { type RunningLab, runLab } from '../../lab/main';
import { LAB_ACCOUNT } from '../../lab/scenario';
import { freePort } from '../../runtime/free-port';
import { removeLocalPostgres } from '../../runtime/local-postgres';
import { stopLocalTemporal } from '../../runtime/local-temporal';
import { createLogger } from '../../runtime/log';
import { type CallEndEvent, DeepgramSTT, ElevenLabsTTS, Patter, Telnyx } from '../../sdk';
import { workflowBundle } from '../../worker/workflow-bundle';
import { until } from '../chaos/until';
import { testHome } from '../support/test-home';

const DESK = '+15005550006';
const SALES = '+12125550150';
const WITHIN_MS = 60_000;
const HUMAN = { kind: 'human', answerAfterMs: 100, endOfTurnMs: 400 } as const;
const log = createLogger('test', 'error');
const home = mkdtempSync(join(tmpdir(), 'patter-telnyx-'));
const before = { ...process.env };
const ends: CallEndEvent[] = [];

let lab: RunningLab;
let phone: Patter;

beforeAll(async () => {
  lab = await runLab({
    ...{ baud: 1200, seed: 3, log },
    scenario: {
      numbers: [DESK],
      personas: {
        leaves: { ...HUMAN, steps: [{ hear: '/help/', say: 'That is all.' }] },
        wants: {
          ...HUMAN,
          steps: [
            { hear: '/help/', say: 'Give me sales.' },
            { hear: '/Sales here/', hangUp: true },
          ],
        },
        sales: {
          ...HUMAN,
          steps: [
            { waitMs: 300, say: 'Sales here.' },
            { orAfterMs: 15_000, hangUp: true },
          ],
        },
      },
      people: { [SALES]: 'sales', '+12125550152': 'leaves' },
    },
  });
  Object.assign(process.env, labEnvironment(lab.urls.lab, { twilio: LAB_ACCOUNT, telnyx: lab.telnyx }), { PATTER_HOME: home });
  await workflowBundle(testHome(), log);
  cpSync(join(testHome(), 'cache'), join(home, 'cache'), { recursive: true });
  const port = await freePort();
  phone = new Patter({ carrier: new Telnyx(), phoneNumber: DESK, webhookUrl: `127.0.0.1:${port}` });
  const agent = phone.agent({
    ...{ systemPrompt: 'You are the receptionist.', firstMessage: 'How can I help you?' },
    ...{ stt: new DeepgramSTT(), tts: new ElevenLabsTTS() },
  });
  await phone.serve({
    ...{ agent, port },
    onMessage: async (message, call) => {
      if (/sales/.test(message.text)) {
        await call.transfer(SALES);
        return '';
      }
      await call.hangup();
      return `Goodbye, ${call.caller}.`;
    },
    onCallEnd: (event) => void ends.push(event),
  });
}, 120_000);

afterAll(async () => {
  await phone?.disconnect();
  await lab?.stop();
  process.env = before;
  await stopLocalTemporal(home);
  await removeLocalPostgres(home);
  rmSync(home, { recursive: true, force: true });
}, 60_000);

async function entry(one: (call: CallEntry) => boolean): Promise<CallEntry> {
  const all = async () => ((await (await fetch(`${lab.urls.lab}/lab/ledger`)).json()) as { calls: CallEntry[] }).calls;
  return until(async () => (await all()).find((call) => call.endedAt !== undefined && one(call)), {
    withinMs: WITHIN_MS,
    what: 'the end of the call',
  });
}

async function dialIn(from: string, persona: string): Promise<void> {
  const body = JSON.stringify({ from, to: DESK, persona });
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${lab.urls.lab}/lab/telnyx/inbound`, { method: 'POST', headers, body });
  if (!response.ok) throw new Error(await response.text());
}

const heard = (call: CallEntry) => call.heard.map(({ text }) => text).join('');

/** A stack of its own: fifteen seconds. */
const inFull = process.env.PATTER_TEST_MATRIX === 'full' ? test : test.skip;

inFull(
  'a handler’s answer is spoken, its hangup() ends the call after it, and its transfer() connects with the number: calls that come in, and one that is made',
  async () => {
    await Promise.all([dialIn('+12125550151', 'leaves'), dialIn('+12125550153', 'wants')]);
    const made = await phone.call({ to: '+12125550152', machineDetection: false });
    const said = await entry(({ from }) => from === '+12125550151');
    expect(said.carrier).toBe('telnyx');
    expect(heard(said)).toMatch(/How can I help you\?.*Goodbye, \+12125550151\./s);
    expect(said.endedBy).not.toBe('callee');
    expect(heard(await entry(({ from }) => from === '+12125550153'))).toContain('Sales here.');
    expect(await made.result({ timeoutMs: WITHIN_MS })).toMatchObject({ outcome: 'completed' });
    expect(heard(await entry(({ to }) => to === '+12125550152'))).toContain('Goodbye, ');
    await until(() => ends.length === 3, { withinMs: WITHIN_MS, what: 'onCallEnd of all' });
    expect(ends.map(({ outcome }) => outcome).sort()).toEqual(['completed', 'completed', 'transferred']);
  },
  150_000,
);
