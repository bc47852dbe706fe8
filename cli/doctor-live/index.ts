/** `patter doctor --live`: one real call that shows how the carrier really behaves. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createTwilioCarrier, hangupTwiml, streamTwiml } from '../../carriers/twilio';
import { twilioClient } from '../../carriers/twilio/client';
import { e164 } from '../../contracts/campaign';
import { type Clock, systemClock } from '../../contracts/clock';
import { isPatterError, PatterError } from '../../contracts/errors';
import type { Config } from '../../runtime/config';
import { callFacts } from './call-facts';
import type { FactResult } from './fact';
import { DEFAULT_PROBE_TIMINGS, type ProbeTimings, performProbeCall, targetOf } from './probe-call';
import { type ProbeServer, startProbeServer } from './probe-server';
import { Recording } from './recording';
import { streamFacts } from './stream-facts';

export interface LiveCallPlan {
  to: string;
  from: string;
  /** Where Twilio reaches this machine during the call. */
  publicUrl: string;
  credentials: { accountSid: string; authToken: string; baseUrl: string };
}

export interface LiveReport {
  /** JSON lines: frames, callbacks and requests in the order they came. */
  recording: string;
  facts: FactResult[];
}

export interface LiveOptions {
  timings?: ProbeTimings;
  clock?: Clock;
  tell?: (line: string) => void;
  signal?: AbortSignal;
}

/** More requests for instructions than streams to try: the carrier cannot open them. */
const MAX_INSTRUCTIONS = 4;
const REACH_DEADLINE_MS = 8_000;

/**
 * What a live call needs, before anything is opened or asked.
 * @throws PatterError PATTER_CREDENTIAL_MISSING, PATTER_CONFIG_INVALID
 */
export function planLiveCall(config: Config, to: string): LiveCallPlan {
  const { TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken, PATTER_PHONE_NUMBER: from, PATTER_PUBLIC_URL: urls } = config;
  if (!e164.safeParse(to).success)
    throw new PatterError('PATTER_CONFIG_INVALID', `Write the number in E.164 form, as in +15005550006: ${to}`);
  if (!accountSid || !authToken) {
    throw new PatterError('PATTER_CREDENTIAL_MISSING', 'A live call needs TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.');
  }
  if (!from) throw new PatterError('PATTER_CONFIG_INVALID', 'A live call needs PATTER_PHONE_NUMBER: a number of the account to call from.');
  const publicUrl = urls?.[0];
  if (!publicUrl) {
    throw new PatterError(
      'PATTER_CONFIG_INVALID',
      'A live call needs PATTER_PUBLIC_URL: the https address under which Twilio reaches the gateway port of this machine.',
    );
  }
  return { to, from, publicUrl, credentials: { accountSid, authToken, baseUrl: config.TWILIO_BASE_URL } };
}

/**
 * Places the one call and judges what came of it. Listens on the gateway's port, so no gateway may.
 * @throws PatterError PATTER_PROCESS_FAILED (port in use), PATTER_CONFIG_INVALID (the public URL leads elsewhere), PATTER_CARRIER_REFUSED;
 *   UnknownOutcomeError
 */
export async function runLiveCall(config: Config, plan: LiveCallPlan, options: LiveOptions = {}): Promise<LiveReport> {
  const { timings = DEFAULT_PROBE_TIMINGS, clock = systemClock, tell = () => undefined, signal } = options;
  const runId = `doctor-${randomBytes(16).toString('hex')}`;
  const call = { publicUrl: plan.publicUrl, runId, token: randomBytes(16).toString('hex') };
  const stamp = new Date(clock.now()).toISOString().replace(/[:.]/g, '-');
  const recording = new Recording(join(config.PATTER_HOME, 'doctor', `live-${stamp}.jsonl`), clock);
  let instructions = 0;
  const nextTwiml = () => {
    instructions += 1;
    return instructions > MAX_INSTRUCTIONS ? hangupTwiml() : streamTwiml(targetOf(call));
  };
  try {
    const { authToken } = plan.credentials;
    const server = await listen(config, { ...call, authToken, recording, clock, nextTwiml });
    try {
      await reachOneself(plan.publicUrl, runId, config.PATTER_GATEWAY_PORT);
      const client = twilioClient(plan.credentials);
      const carrier = createTwilioCarrier(plan.credentials);
      await performProbeCall({
        ...{ ...call, client, carrier, recording, timings, tell, signal },
        ...{ to: plan.to, from: plan.from, streams: server.streams },
      });
    } finally {
      await server.close();
    }
  } finally {
    recording.close();
  }
  const facts = [...callFacts(), ...streamFacts(timings)].map(({ fact, expected, judge }) => ({
    fact,
    expected,
    ...judge(recording.entries),
  }));
  return { recording: recording.file, facts };
}

async function listen(config: Config, options: Omit<Parameters<typeof startProbeServer>[0], 'host' | 'port'>): Promise<ProbeServer> {
  const { PATTER_GATEWAY_HOST: host, PATTER_GATEWAY_PORT: port } = config;
  try {
    return await startProbeServer({ ...options, host, port });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause;
    throw new PatterError(
      'PATTER_PROCESS_FAILED',
      `Port ${port} is in use: a gateway runs there, and the live call needs its port and its public URL. Stop it first (\`patter down\`).`,
      { cause },
    );
  }
}

/** A call whose callbacks lead nowhere would ring a phone for nothing. */
async function reachOneself(publicUrl: string, runId: string, port: number): Promise<void> {
  const url = `${publicUrl}/healthz?run=${runId}`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(REACH_DEADLINE_MS) });
    if ((await response.text()) === runId) return;
    throw new PatterError(
      'PATTER_CONFIG_INVALID',
      `${publicUrl} is answered by something else (${response.status}): does the tunnel or balancer lead to port ${port} of this machine?`,
    );
  } catch (cause) {
    if (isPatterError(cause)) throw cause;
    const reason = (cause as Error).cause instanceof Error ? ((cause as Error).cause as Error).message : (cause as Error).message;
    throw new PatterError(
      'PATTER_CONFIG_INVALID',
      `${publicUrl} does not lead to this machine (${reason}): it must reach port ${port} while the call lasts.`,
      { cause },
    );
  }
}
