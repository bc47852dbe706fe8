/**
 * `npm run bench:gateway`: what a call costs a gateway while both sides talk without a pause.
 * Real: the gateway process, its sockets, Temporal's dev server, Postgres. Simulated: the carrier and the provider (./gateway/far-ends, on one clock), and
 * the call's workflow (./gateway/stub-call.workflow), so that figures are those of the gateway and not of the worker.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import type { CallSetup } from '../contracts/call';
import { callIdFor, callWorkflowId } from '../contracts/call-id';
import { campaignFileSchema } from '../contracts/campaign';
import { sleep, systemClock } from '../contracts/clock';
import { signCallToken } from '../runtime/call-token';
import { homePaths, readJsonFile } from '../runtime/home';
import { removeLocalPostgres, startLocalPostgres } from '../runtime/local-postgres';
import { startLocalTemporal, stopLocalTemporal } from '../runtime/local-temporal';
import { connectTo } from '../runtime/temporal-connection';
import { builtProgram } from '../test/support/built';
import type { CallToOpen } from './gateway/far-ends';
import { hotSpots, type Profile, purposes } from './gateway/hot-spots';
import type { Measured } from './gateway/measures';
import { measureSuccession } from './gateway/succession';
import { Child } from './support/child';
import { machine } from './support/machine';
import { round } from './support/numbers';
import { benchOptions } from './support/options';
import { ProcessMeter } from './support/process-meter';
import { type Row, report } from './support/report';

const NAMESPACE = 'bench';
const TASK_QUEUE = 'bench';
const SECRET = 'bench-secret-key-bench-secret-key';
const CALLS_PER_SECOND = 40;
const SETTLE_MS = 4_000;
const WARM_UP_CALLS = 10;
/** `--only succession`: short talks one after the other; `--sizes` says how many at once, `--seconds` how long each. */
const SUCCESSION_TALKS = 10_000;
const SUCCESSION_PER_SECOND = 60;

interface Memory {
  rss: number;
  heapUsed: number;
  external: number;
}

interface Run {
  measured: Measured;
  cpuMs: number;
  /** Of what else runs on the machine for it, milliseconds of CPU. */
  temporalMs: number;
  farEndsMs: number;
  /** Bytes for each call, after a collection: resident, and live on and off the heap. */
  memory?: { resident: number; live: number };
  profile?: Profile;
}

const options = benchOptions();
const allSizes = options.only === 'succession' ? [100] : [10, 50, 100, 200, 400];
const sizes = options.sizes ?? (options.quick ? [10] : allSizes);
const seconds = options.seconds ?? (options.quick ? 5 : 24);

async function main(): Promise<void> {
  const where = machine();
  await builtProgram();
  const home = mkdtempSync(join(tmpdir(), 'patter-bench-'));
  const children: Child[] = [];
  const child = (...args: Parameters<typeof Child.start>) => {
    const started = Child.start(...args);
    children.push(started);
    return started;
  };
  try {
    const temporal = await startLocalTemporal(home, { namespace: NAMESPACE, headless: true, inMemory: true });
    const postgres = await startLocalPostgres(home);
    const temporalPid = readJsonFile<{ pid: number }>(homePaths(home).temporalJson)?.pid as number;
    const client = new Client({ connection: await connectTo(temporal.address), namespace: NAMESPACE });
    const worker = child('bench/gateway/stub-worker.ts', { args: [temporal.address, NAMESPACE, TASK_QUEUE] });
    await worker.listening();
    const farEnds = child('bench/gateway/far-ends.ts');
    const farUrl = await farEnds.listening();
    const order = <T>(message: { order: string }) =>
      farEnds.ask<{ value: T }>(message, (said) => said.done === message.order).then((said) => said.value);
    let next = 0;

    /** One run of so many calls through whatever listens at the URL. */
    const run = async (
      target: Child,
      url: string,
      calls: CallToOpen[],
      runSeconds: number,
      probed: boolean,
      profiled: boolean,
      turns = false,
    ): Promise<Run> => {
      const memory = async () => (await target.ask<{ value: Memory }>({ probe: 'memory' }, (said) => said.probe === 'memory')).value;
      const before = probed ? await memory() : undefined;
      if (!(await order<boolean>({ order: 'open', url, calls, perSecond: CALLS_PER_SECOND, turns } as { order: string }))) {
        process.stderr.write(`warning: not all of ${calls.length} callers heard the agent\n`);
      }
      await sleep(systemClock, SETTLE_MS);
      if (profiled) await target.ask({ probe: 'profileStart' }, (said) => said.probe === 'profileStart');
      await order({ order: 'start' });
      const meter = new ProcessMeter({ target: target.pid, temporal: temporalPid, farEnds: farEnds.pid });
      await sleep(systemClock, runSeconds * 1_000);
      const { target: cpu = 0, temporal: temporalMs = 0, farEnds: farEndsMs = 0 } = meter.read();
      const measured = await order<Measured>({ order: 'stop' });
      const result: Run = { measured, cpuMs: cpu, temporalMs, farEndsMs };
      if (profiled) {
        const { value } = await target.ask<{ value: Profile }>({ probe: 'profileStop' }, (said) => said.probe === 'profileStop');
        result.profile = value;
        mkdirSync(options.profile as string, { recursive: true });
        writeFileSync(join(options.profile as string, `gateway-${calls.length}.cpuprofile`), JSON.stringify(value));
      }
      if (before) {
        const after = await memory();
        result.memory = {
          resident: (after.rss - before.rss) / calls.length,
          live: (after.heapUsed + after.external - before.heapUsed - before.external) / calls.length,
        };
      }
      await order({ order: 'close' });
      await sleep(systemClock, 2_000);
      return result;
    };

    const startCalls = async (count: number): Promise<CallToOpen[]> => {
      const calls: CallToOpen[] = [];
      for (let index = 0; index < count; index++) {
        const callId = callIdFor(`ct_${(++next).toString(16).padStart(32, '0')}`, 1);
        await client.workflow.start('call', {
          workflowId: callWorkflowId(callId),
          taskQueue: TASK_QUEUE,
          args: [setupOf(callId, index)],
        });
        const token = signCallToken(
          { c: callId, a: 1, n: randomBytes(8).toString('hex'), e: Math.floor(Date.now() / 1_000) + 3_600 },
          SECRET,
        );
        calls.push({ index, callSid: `CA${randomBytes(16).toString('hex')}`, token });
      }
      return calls;
    };

    const rows: Row[] = [];
    const turnRows: Row[] = [];
    const profiles: Record<string, Row[]> = {};
    const successions: Record<string, Row[]> = {};
    for (const size of sizes) {
      const gateway = child('bin/patter.js', {
        args: ['gateway'],
        nodeArgs: ['--require', join(__dirname, 'gateway', 'probe.js')],
        env: {
          PATTER_HOME: home,
          PATTER_LOG_LEVEL: 'error',
          TEMPORAL_ADDRESS: temporal.address,
          TEMPORAL_NAMESPACE: NAMESPACE,
          PATTER_DATABASE_URL: postgres.url,
          PATTER_SECRET_KEY: SECRET,
          PATTER_GATEWAY_PORT: '0',
          PATTER_GATEWAY_MAX_CALLS: '1000',
          PATTER_DRAIN_TIMEOUT: '1s',
          TWILIO_ACCOUNT_SID: 'AC00000000000000000000000000000000',
          TWILIO_AUTH_TOKEN: 'bench',
          TWILIO_BASE_URL: farUrl,
          OPENAI_API_KEY: 'bench',
          OPENAI_BASE_URL: `${farUrl}/v1`,
        },
      });
      const { urls } = await gateway.ask<{ urls: { listening: string } }>(undefined, (said) => said.type === 'patter-ready');
      const gatewayUrl = `${urls.listening.replace('http', 'ws')}/twilio/media`;
      await run(gateway, gatewayUrl, await startCalls(WARM_UP_CALLS), 2, false, false);
      if (options.only === 'succession') {
        const rows = await measureSuccession({
          gateway,
          temporalPid,
          startCalls,
          ...{ talks: options.quick ? 200 : SUCCESSION_TALKS, atOnce: size, talkMs: (options.seconds ?? 2) * 1_000 },
          open: (calls) => order({ order: 'open', url: gatewayUrl, calls, perSecond: SUCCESSION_PER_SECOND } as { order: string }),
          close: () => order({ order: 'close' }),
          tell: (line) => void process.stderr.write(`${line}\n`),
        });
        successions[`${rows.at(-1)?.['talks so far']} talks through one gateway, ${size} at once`] = rows;
        await gateway.stop();
        continue;
      }
      if (options.only !== 'talk') {
        turnRows.push(turnRowOf(size, await run(gateway, gatewayUrl, await startCalls(size), seconds, false, false, true)));
        if (options.only === 'turns') {
          await gateway.stop();
          continue;
        }
      }
      const real = await run(gateway, gatewayUrl, await startCalls(size), seconds, true, false);
      if (options.profile) {
        const profiled = await run(gateway, gatewayUrl, await startCalls(size), Math.min(seconds, 10), false, true);
        if (profiled.profile) {
          profiles[`the gateway's time by purpose at ${size} calls`] = purposes(profiled.profile);
          profiles[`self time in the gateway at ${size} calls`] = hotSpots(profiled.profile);
        }
      }
      await gateway.stop();

      const perAppend = Math.max(1, Math.round(real.measured.callerFrames / Math.max(1, real.measured.appends)));
      const perMessage = Math.max(160, 160 * Math.round(real.measured.agentBytes / Math.max(1, real.measured.agentMessages) / 160));
      const relay = child('bench/gateway/relay.ts', { args: [farUrl, String(perAppend), String(perMessage)] });
      const relayUrl = (await relay.listening()).replace('http', 'ws');
      const marked = (count: number): CallToOpen[] =>
        Array.from({ length: count }, (_, index) => ({
          index,
          callSid: `CA${randomBytes(16).toString('hex')}`,
          token: `bench call ${index}`,
        }));
      await run(relay, relayUrl, marked(WARM_UP_CALLS), 2, false, false);
      const floor = await run(relay, relayUrl, marked(size), seconds, false, false);
      await relay.stop();
      rows.push(rowOf('gateway', size, real, floor), rowOf('ws relay', size, floor, floor));
      process.stderr.write(`${size} calls: done\n`);
    }
    report(options, 'bench:gateway', where, {
      ...(rows.length > 0 && { [`${seconds} s of talk, both ways, without a pause`]: rows }),
      ...(turnRows.length > 0 && { [`${seconds} s of turns: every answer is interrupted`]: turnRows }),
      ...profiles,
      ...successions,
    });
    await client.connection.close();
  } finally {
    for (const one of children) await one.stop();
    await stopLocalTemporal(home);
    await removeLocalPostgres(home);
    rmSync(home, { recursive: true, force: true });
  }
}

function turnRowOf(calls: number, { measured, cpuMs }: Run): Row {
  return {
    calls,
    turns: measured.turns,
    'end of speech to first agent frame, beyond the endpointing, p50/p99 ms': measured.turnMs.map((value) => round(value, 1)).join(' / '),
    'interruption told to silence, p50/p99 ms': measured.cutMs.map((value) => round(value, 1)).join(' / '),
    interruptions: measured.cuts,
    unanswered: measured.unanswered,
    'CPU ms per call-second': round(cpuMs / (calls * measured.seconds), 2),
    'far ends late p50/p99 ms': measured.ownLateMs.map((value) => round(value, 1)).join(' / '),
    lost: measured.lost,
  };
}

function rowOf(name: string, calls: number, run: Run, floor: Run): Row {
  const { measured, memory } = run;
  const perCallSecond = (value: Run) => value.cpuMs / (calls * value.measured.seconds);
  const perCall = (count: number) => round(count / (calls * measured.seconds));
  return {
    calls,
    process: name,
    'CPU ms per call-second': round(perCallSecond(run), 2),
    '× floor': round(perCallSecond(run) / perCallSecond(floor), 2),
    'core %: process, Temporal, far ends': [run.cpuMs, run.temporalMs, run.farEndsMs]
      .map((ms) => round((100 * ms) / (1_000 * measured.seconds), 0))
      .join(', '),
    'in p50/p99 ms': measured.inMs.map((value) => round(value, 1)).join(' / '),
    'out p50/p99 ms': measured.outMs.map((value) => round(value, 1)).join(' / '),
    'late frames': measured.lateFrames,
    'of frames': Math.round(measured.agentBytes / 160),
    'resident KB per call': memory ? round(memory.resident / 1_000, 0) : '',
    'live KB per call': memory ? round(memory.live / 1_000, 0) : '',
    'frames in, appends, audio out, marks per call-second': [
      perCall(measured.callerFrames),
      perCall(measured.appends),
      perCall(measured.agentMessages),
      perCall(measured.marks),
    ].join(', '),
    'far ends late p50/p99 ms': measured.ownLateMs.map((value) => round(value, 1)).join(' / '),
    lost: measured.lost,
  };
}

function setupOf(callId: string, index: number): CallSetup {
  const spec = campaignFileSchema.parse({
    name: 'bench',
    from: ['+15005550006'],
    agent: {
      engine: { type: 'openai-realtime' },
      systemPrompt: `You are bench call ${index}.`,
      disclosure: '',
      firstMessage: '',
      turns: { interruption: { minDurationMs: 500 } },
    },
  });
  return {
    callId,
    campaignId: 'cp_bench',
    contactId: 'ct_bench',
    tenantId: 'default',
    direction: 'outbound',
    carrier: 'twilio',
    to: '+12125550100',
    from: '+15005550006',
    agent: spec.agent,
    variables: {},
    voicemailMessage: '',
    // Decided in the first seconds of a call; afterwards nothing listens for a beep any more.
    machineDetection: false,
    canTransfer: false,
  };
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
