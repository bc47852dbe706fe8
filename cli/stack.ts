/** Everything on one machine: what `patter dev`, the demo and `campaign run` start, find again and stop. */
import { createHash } from 'node:crypto';
import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PatterError } from '../contracts/errors';
import { LAB_ACCOUNT } from '../lab/scenario';
import { telnyxAccount } from '../lab/telnyx/account';
import { type Config, configSchema } from '../runtime/config';
import { stopGraceMs } from '../runtime/drain-limits';
import { withFileLock } from '../runtime/file-lock';
import { freePort } from '../runtime/free-port';
import { homePaths, readJsonFile, writePrivateFile } from '../runtime/home';
import { type LocalServerName, type LocalServers, openLocalServers } from '../runtime/local-servers';
import type { Logger } from '../runtime/log';
import { listProcessStates, readProcessState } from '../runtime/process-files';
import { currentProcess, isAlive, type ProcessIdentity } from '../runtime/process-identity';
import { secretKey } from '../runtime/secret-key';
import { type ChildEvent, type ChildSpec, type SupervisedChild, superviseChild } from '../runtime/supervisor';
import { openStore } from '../store/open';
import { labEnvironment } from './lab-environment';

export interface StackOptions {
  config: Config;
  /** With the simulated far ends. */
  lab?: { scenario?: string; seed?: number; baud?: number; cps?: number };
  /** @default two with the lab, else one for each public URL */
  gateways?: number;
  /** @default one */
  workers?: number;
  log: Logger;
  /** Without Temporal's web UI. @default false */
  headless?: boolean;
  /** Told what takes long. @default lines on stderr */
  tell?: (line: string) => void;
  onEvent?: (event: ChildEvent | { kind: 'server'; name: LocalServerName; state: 'restarted' }) => void;
}

export interface Stack {
  /** The given one with the addresses (and with the lab: the credentials) of what runs: for clients in this process. */
  readonly config: Config;
  readonly temporalAddress: string;
  /** With the password in it. */
  readonly databaseUrl: string;
  /** Temporal's web UI, of a local server. */
  readonly uiUrl: string | undefined;
  readonly labUrl: string | undefined;
  /** By role, as each process told them. */
  urls(): Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Stops, in order, what this stack started or adopted; a server that ran before stays. Safe to call twice. */
  stop(): Promise<void>;
  /** Leaves everything running without a supervisor, for a starter that is about to end; `patter down` stops it, `patter dev` takes it over. */
  release(): void;
}

type Overlay = Partial<Record<keyof Config, string>>;

/** What run/stack.json tells other commands of the same home. Mode 0600. */
interface StackNote {
  supervisor: ProcessIdentity;
  overlay: Overlay;
}

/**
 * Starts or adopts Temporal, Postgres (migrated), the lab, worker, gateways and control, in this order; resolves when all are ready.
 * @throws PatterError when a part does not start; what was started before it has been stopped again
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { config, log } = options;
  const home = config.PATTER_HOME;
  const children: SupervisedChild[] = [];
  const note = await claimHome(home);
  let servers: LocalServers | undefined;

  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= (async () => {
      // Gateways drain first: a call that ends needs its worker, and the worker its servers.
      const order = ['control', 'gateway', 'worker', 'lab'];
      for (const kind of order) {
        await Promise.all(children.filter((child) => child.role.split('-')[0] === kind).map((child) => child.stop()));
      }
      await servers?.close();
      rmSync(homePaths(home).stackJson, { force: true });
    })();
    return stopping;
  };

  try {
    const opened = await openLocalServers(options);
    servers = opened;
    await migrate(opened.databaseUrl);
    const supervise = async (spec: ChildSpec) => {
      const child = await superviseChild(spec, { home, log, onEvent: options.onEvent, stopGraceMs: stopGraceMs(config) });
      children.push(child);
      return child;
    };

    const build = buildStamp();
    const lab = options.lab && (await supervise(await labSpec(home, options.lab, build)));
    const labUrl = lab?.urls.lab;
    const overlay = overlayFor(opened, labUrl);
    const env: Record<string, string> = { ...overlay, PATTER_HOME: home, PATTER_SECRET_KEY: await secretKey(config) };
    if (labUrl) env.PATTER_PUBLIC_URL = '';
    const of = (role: string, args: string[], more: Record<string, string> = {}): ChildSpec => {
      const childEnv = { ...env, ...more };
      return {
        role,
        command: [process.execPath, patterProgram(), ...args],
        env: childEnv,
        fingerprint: fingerprintOf(role, args, childEnv, build),
      };
    };
    const count = options.gateways ?? (labUrl ? 2 : (config.PATTER_PUBLIC_URL?.length ?? 1));
    const controlPort = await keptPort(home, 'control', config.PATTER_CONTROL_PORT || undefined);
    const gatewaySpecs = await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        // The gateway adds its index to the configured port.
        const port = await gatewayPort(config, index + 1, labUrl !== undefined);
        return of(`gateway-${index + 1}`, ['gateway'], {
          PATTER_GATEWAY_INDEX: String(index + 1),
          PATTER_GATEWAY_PORT: String(port - index),
          PATTER_CONTROL_URL: config.PATTER_CONTROL_URL ?? `http://127.0.0.1:${controlPort}`,
        });
      }),
    );
    const workerSpecs = Array.from({ length: options.workers ?? 1 }, (_, index) =>
      of(index === 0 ? 'worker' : `worker-${index + 1}`, ['worker', '--index', String(index + 1)]),
    );
    const specs = [...workerSpecs, ...gatewaySpecs, of('control', ['control'], { PATTER_CONTROL_PORT: String(controlPort) })];
    const started = await Promise.allSettled(specs.map(supervise));
    for (const one of started) if (one.status === 'rejected') throw one.reason;

    note.overlay = overlay;
    writeNote(home, note);
    opened.watch(async (name) => {
      // Its data may have been deleted.
      if (name === 'postgres') await migrate(opened.databaseUrl);
      options.onEvent?.({ kind: 'server', name, state: 'restarted' });
    });
    return {
      config: applyOverlay(config, overlay),
      temporalAddress: opened.temporalAddress,
      databaseUrl: opened.databaseUrl,
      uiUrl: opened.uiUrl,
      labUrl,
      urls: () => Object.fromEntries(children.map((child) => [child.role, child.urls])),
      stop,
      release: () => {
        opened.leave().catch((error: unknown) => log.warn({ err: error }, 'the servers still count this process as their user'));
        for (const child of children) child.release();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** True when the home's worker, control and a gateway live, whoever supervises them. */
export function isStackRunning(home: string): boolean {
  const alive = listProcessStates(home)
    .filter((state) => state.ready && isAlive(state))
    .map((state) => state.role.split('-')[0]);
  return ['worker', 'gateway', 'control'].every((kind) => alive.includes(kind));
}

/**
 * For commands beside a running `patter dev`: the addresses and, with the lab, the credentials that its processes have. Without one, the configuration
 * as it is.
 */
export function configOfRunningStack(config: Config): Config {
  const note = readJsonFile<StackNote>(homePaths(config.PATTER_HOME).stackJson);
  return note && isStackRunning(config.PATTER_HOME) ? applyOverlay(config, note.overlay) : config;
}

/**
 * One supervisor a home.
 * @throws PatterError PATTER_PROCESS_FAILED when one lives
 */
async function claimHome(home: string): Promise<StackNote> {
  return withFileLock(homePaths(home).lock('stack'), { timeoutMs: 10_000 }, async () => {
    const before = readJsonFile<StackNote>(homePaths(home).stackJson);
    if (before && isAlive(before.supervisor)) {
      throw new PatterError(
        'PATTER_PROCESS_FAILED',
        `Process ${before.supervisor.pid} runs the stack of ${home} already. \`patter down\` stops it.`,
        {
          details: { pid: before.supervisor.pid, home },
        },
      );
    }
    const note: StackNote = { supervisor: currentProcess(), overlay: {} };
    writeNote(home, note);
    return note;
  });
}

function writeNote(home: string, note: StackNote): void {
  writePrivateFile(homePaths(home).stackJson, `${JSON.stringify(note)}\n`);
}

async function migrate(url: string): Promise<void> {
  const store = openStore(url);
  try {
    await store.migrate();
  } finally {
    await store.close();
  }
}

async function labSpec(home: string, lab: NonNullable<StackOptions['lab']>, build: string): Promise<ChildSpec> {
  const port = await keptPort(home, 'lab');
  const args = ['lab', '--port', String(port)];
  if (lab.scenario !== undefined) args.push('--scenario', lab.scenario);
  if (lab.seed !== undefined) args.push('--seed', String(lab.seed));
  if (lab.baud !== undefined) args.push('--baud', String(lab.baud));
  if (lab.cps !== undefined) args.push('--cps', String(lab.cps));
  const fingerprint = fingerprintOf('lab', args, {}, build);
  return { role: 'lab', command: [process.execPath, patterProgram(), ...args], env: { PATTER_HOME: home }, fingerprint };
}

function overlayFor(servers: LocalServers, labUrl: string | undefined): Overlay {
  const overlay: Overlay = { TEMPORAL_ADDRESS: servers.temporalAddress, PATTER_DATABASE_URL: servers.databaseUrl };
  if (!labUrl) return overlay;
  return { ...overlay, ...labEnvironment(labUrl, { twilio: LAB_ACCOUNT, telnyx: telnyxAccount() }) };
}

function applyOverlay(config: Config, overlay: Overlay): Config {
  return { ...config, ...overlay } as Config;
}

/**
 * The carrier's callbacks of calls in progress go to the address the gateway had: so a restarted one takes its old port. Without the lab the port is the
 * configured one (a tunnel or balancer points at it), and an occupied one is an error of that gateway.
 */
async function gatewayPort(config: Config, index: number, withLab: boolean): Promise<number> {
  if (withLab) return keptPort(config.PATTER_HOME, `gateway-${index}`);
  return config.PATTER_GATEWAY_PORT === 0 ? keptPort(config.PATTER_HOME, `gateway-${index}`) : config.PATTER_GATEWAY_PORT + index - 1;
}

/** The role's last port in this home, whether it lives or not, else the preferred one, else any. */
async function keptPort(home: string, role: string, preferred?: number): Promise<number> {
  const file = join(homePaths(home).run, `${role}.port`);
  const last = readJsonFile<number>(file);
  const state = readProcessState(home, role);
  // A living process holds its port: it is adopted, or replaced at the same address.
  const port = last && state ? last : await freePort(last ?? preferred);
  if (port !== last) writePrivateFile(file, `${port}\n`);
  return port;
}

function fingerprintOf(role: string, args: readonly string[], env: Readonly<Record<string, string>>, build: string): string {
  const inherited = Object.keys(configSchema.shape).map((name) => [name, env[name] ?? process.env[name] ?? '']);
  return createHash('sha256')
    .update(JSON.stringify([role, args, inherited, build]))
    .digest('hex')
    .slice(0, 32);
}

/** Changes with every build, so that `patter dev` after one replaces what still runs the old code. */
function buildStamp(): string {
  return String(statSync(patterProgram()).mtimeMs) + String(existsSync(mainFile()) ? statSync(mainFile()).mtimeMs : 0);
}

function patterProgram(): string {
  const program = join(packageFolder(), 'bin', 'patter.js');
  if (existsSync(program) && existsSync(mainFile())) return program;
  throw new PatterError('PATTER_PROCESS_FAILED', `${mainFile()} is missing. Build first: npm run build`);
}

function mainFile(): string {
  return join(packageFolder(), 'dist', 'cli', 'main.js');
}

/** This file runs from `cli/` (tests) and from `dist/cli/`. */
function packageFolder(): string {
  const parent = join(__dirname, '..');
  return existsSync(join(parent, 'package.json')) ? parent : join(parent, '..');
}
