/** The documentation's snippets of cloud mode, run as they are written; `cloud.test.ts` has the stack that they need. */
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpenControlContext } from '../../../control/context';
import { createApiKey } from '../../../control/keys/api-keys';
import type { CallEntry, LedgerSnapshot } from '../../../lab/ledger';
import { LAB_ACCOUNT } from '../../../lab/scenario';
import { withFileLock } from '../../../runtime/file-lock';
import * as getpatter from '../../../sdk';
import { until } from '../../chaos/until';
import { everySnippetWasRun } from './run-in';
import { runSnippet, type Scope, snippetOf } from './snippets';

/** The number of "Custom Voice". */
export const SNIPPET_DESK = '+14155550000';
const MAILBOX = { kind: 'voicemail' as const, greeting: 'Please leave a message after the beep.' };
export const SNIPPET_PEOPLE = { '+14155551234': ['reminded', MAILBOX] };
export const SNIPPET_PERSONAS = {
  visitor: {
    kind: 'human' as const,
    steps: [
      { hear: '/assistant/', say: 'What are your hours please?' },
      { hear: '/9 to 5|You said: What/', orAfterMs: 8_000, hangUp: true },
    ],
  },
  reminded: { kind: 'human' as const, steps: [{ hear: '/reminder from Acme/', hangUp: true }] },
};

/** The backend's port in "Custom Voice". */
const PORT = 8000;
const WITHIN_MS = 60_000;
const TENANT = 'docs';

/** @param stack of the file's `beforeAll` */
export function cloudSnippets(stack: () => { ctx: OpenControlContext; labUrl: string; controlUrl: string }): void {
  const before = { ...process.env };

  beforeAll(async () => {
    const { ctx, controlUrl } = stack();
    Object.assign(process.env, {
      PATTER_API_KEY: (await createApiKey(ctx, { tenantId: TENANT })).secret,
      ...{ PATTER_BACKEND_URL: controlUrl.replace('http', 'ws'), PATTER_REST_URL: controlUrl },
      ...{ TWILIO_ACCOUNT_SID: LAB_ACCOUNT.sid, TWILIO_AUTH_TOKEN: LAB_ACCOUNT.authToken },
      ...{ DEEPGRAM_API_KEY: 'lab-deepgram-key', ELEVENLABS_API_KEY: 'lab-elevenlabs-key' },
    });
  });

  afterAll(() => {
    process.env = before;
  });

  /** The backend at the port that a snippet names. One program of this machine has it at a time. */
  function atItsPort(work: () => Promise<void>): Promise<void> {
    return withFileLock(join(tmpdir(), `patter-test-port-${PORT}.lock`), { timeoutMs: 2 * WITHIN_MS }, async () => {
      const { port } = new URL(stack().controlUrl);
      const door = createServer((socket) => {
        const behind = connect(Number(port), '127.0.0.1');
        for (const [one, other] of [
          [socket, behind],
          [behind, socket],
        ] as const) {
          one.on('error', () => other.destroy());
          one.on('close', () => other.destroy());
          one.pipe(other);
        }
      });
      const opened = () =>
        new Promise<boolean>((resolve) => door.once('error', () => resolve(false)).listen(PORT, 'localhost', () => resolve(true)));
      // A program that is no test may have it too, as one that somebody tries by hand.
      await until(async () => (await opened()) || undefined, { withinMs: WITHIN_MS, what: `port ${PORT}` });
      try {
        await work();
      } finally {
        door.close();
      }
    });
  }

  async function runs(
    name: string,
    scope: Scope,
    look: (printed: string[], phone: getpatter.Patter | undefined) => Promise<void>,
  ): Promise<void> {
    const printed: string[] = [];
    const { phone } = await runSnippet(snippetOf(name), { getpatter }, scope, (line) => printed.push(line));
    try {
      await look(printed, phone as getpatter.Patter | undefined);
    } finally {
      await (phone as getpatter.Patter | undefined)?.disconnect();
    }
  }

  async function callsOf(one: (call: CallEntry) => boolean, { ended = true } = {}): Promise<CallEntry[]> {
    const { calls } = (await (await fetch(`${stack().labUrl}/lab/ledger`)).json()) as LedgerSnapshot;
    return calls.filter((call) => (!ended || call.endedAt !== undefined) && one(call));
  }

  async function dialIn(from: string): Promise<string> {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ from, to: SNIPPET_DESK, persona: 'visitor' });
    const response = await fetch(`${stack().labUrl}/lab/twilio/inbound`, { method: 'POST', headers, body });
    if (!response.ok) throw new Error(await response.text());
    const call = await until(async () => (await callsOf((entry) => entry.from === from && entry.to === SNIPPET_DESK))[0], {
      withinMs: WITHIN_MS,
      what: 'the end of the call',
    });
    return call.heard.map(({ text }) => text).join('');
  }

  test('readme-custom-voice brings a number with its accounts', async () => {
    await atItsPort(() =>
      runs('readme-custom-voice', { agent: async () => 'Hello.' }, async () => {
        expect((await stack().ctx.store.lines.get(TENANT, SNIPPET_DESK))?.spec.agent.engine).toMatchObject({
          ...{ type: 'pipeline', stt: { provider: 'deepgram' }, tts: { provider: 'elevenlabs', voice: 'rachel' } },
        });
      }),
    );
  }, 120_000);

  test('readme-quickstart answers who calls', async () => {
    await runs('readme-quickstart', {}, async () => {
      expect(await dialIn('+12125550101')).toContain('You said: What are your hours please');
    });
  }, 120_000);

  test('readme-inbound answers, and tells of the call', async () => {
    await runs('readme-inbound', {}, async (printed) => {
      expect(await dialIn('+12125550102')).toContain('open Monday through Friday');
      await until(() => printed.includes('Call ended'), { withinMs: WITHIN_MS, what: 'onCallEnd' });
      expect(printed).toContain('Call from +12125550102');
    });
  }, 120_000);

  test('readme-outbound calls, and says its first message; readme-machine-detection leaves its message on a machine', async () => {
    await runs('readme-outbound', {}, async (_, phone) => {
      const to = (call: CallEntry) => call.to === '+14155551234';
      const call = await until(async () => (await callsOf(to))[0], { withinMs: WITHIN_MS, what: 'the end of the call' });
      expect(call.heard.map(({ text }) => text).join('')).toContain('this is an automated reminder from Acme Corp.');
      // The number is free again once the call is settled.
      await until(
        async () => {
          if ((await callsOf(to, { ended: false })).length >= 2) return true;
          await runs('readme-machine-detection', { phone }, async () => {});
          return false;
        },
        { withinMs: WITHIN_MS, what: 'the second call', everyMs: 1_000 },
      );
      const second = await until(async () => (await callsOf(to))[1], { withinMs: WITHIN_MS, what: 'the end of the second call' });
      expect(second.voicemail).toContain('Hi, we tried to reach you. Please call us back at 555-0123.');
    });
  }, 120_000);

  everySnippetWasRun('cloud.test.ts');
}
