/** A stack with one worker, and far ends that end every call at once. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as PgClient } from 'pg';
import { type Stack, startStack } from '../../cli/stack';
import { campaignFileSchema } from '../../contracts/campaign';
import { followCampaign } from '../../control/campaigns/follow';
import { startCampaign } from '../../control/campaigns/start-campaign';
import { type OpenControlContext, openControlContext } from '../../control/context';
import { LAB_ACCOUNT } from '../../lab/scenario';
import { loadConfig } from '../../runtime/config';
import { homePaths, readJsonFile } from '../../runtime/home';
import { removeLocalPostgres } from '../../runtime/local-postgres';
import { createLogger } from '../../runtime/log';
import { readProcessState } from '../../runtime/process-files';
import { InstantFarEnd } from './instant-far-end';
import { fictionalPhones } from './phones';

/** `unanswered`: the lab's phone company and a real gateway; every line is engaged. `answered`: ./instant-far-end. */
export type Kind = 'unanswered' | 'answered';

const IN_PROGRESS = 100;
const HIGHEST_CPS = 100;

export interface BenchWorld {
  readonly ctx: OpenControlContext;
  /** Of the processes that are measured, by name. */
  readonly pids: Readonly<Record<string, number>>;
  /** Runs a campaign to its end; `watch` sees how many calls have ended, twice a second. */
  campaign(options: { name: string; calls: number; cps?: number; watch?: (ended: number) => void }): Promise<string>;
  sql<T>(text: string, values: unknown[]): Promise<T[]>;
  /** What went wrong at the far ends. */
  failures(): readonly string[];
  stop(): Promise<void>;
}

export async function startBenchWorld(kind: Kind): Promise<BenchWorld> {
  const home = mkdtempSync(join(tmpdir(), 'patter-bench-'));
  const log = createLogger('bench', 'error');
  const farEnd = kind === 'answered' ? new InstantFarEnd() : undefined;
  await farEnd?.listen();
  const scenario = join(home, 'scenario.yaml');
  writeFileSync(
    scenario,
    JSON.stringify({ network: { cps: 1_000, ringAfterMs: 0 }, personas: { engaged: { kind: 'busy', afterMs: 0 } }, default: 'engaged' }),
  );
  const config = {
    ...loadConfig({ PATTER_HOME: home, PATTER_LOG_LEVEL: 'error' }, home),
    PATTER_GATEWAY_PORT: 0,
    PATTER_CONTROL_PORT: 0,
  };
  // What is not of the stack's own making is inherited by its processes.
  Object.assign(process.env, {
    PATTER_LOG_LEVEL: 'error',
    PATTER_GATEWAY_MAX_CALLS: '10000',
    ...(farEnd && { TWILIO_ACCOUNT_SID: LAB_ACCOUNT.sid, TWILIO_AUTH_TOKEN: LAB_ACCOUNT.authToken, TWILIO_BASE_URL: farEnd.url }),
  });
  const stack: Stack = await startStack({
    config,
    lab: farEnd ? undefined : { scenario, seed: 7 },
    gateways: farEnd ? 0 : 1,
    headless: true,
    log,
    tell: () => undefined,
  });
  const ctx = await openControlContext(stack.config, log);
  await farEnd?.open(ctx.temporal, ctx.store);
  const pg = new PgClient({ connectionString: stack.databaseUrl });
  await pg.connect();

  const paths = homePaths(home);
  const noted = (file: string) => readJsonFile<{ pid: number }>(file)?.pid as number;
  const pidOf = (role: string) => readProcessState(home, role)?.pid as number;
  return {
    ctx,
    pids: {
      temporal: noted(paths.temporalJson),
      postgres: noted(paths.postgresJson),
      worker: pidOf('worker'),
      ...(farEnd ? { 'far end': process.pid } : { gateway: pidOf('gateway-1'), lab: pidOf('lab') }),
    },
    async campaign({ name, calls, cps = HIGHEST_CPS, watch }) {
      const spec = campaignFileSchema.parse({
        name,
        from: ['+15005550006'],
        agent: {
          engine: { type: 'openai-realtime' },
          systemPrompt: 'You are the assistant of Acme Dental.',
          firstMessage: 'Hi {first_name}.',
        },
        window: { start: '00:00', end: '24:00' },
        dialing: { cps, maxConcurrent: IN_PROGRESS },
        retry: { maxAttempts: 1 },
        compliance: { maxCallsPerDay: 1_000 },
      });
      const contactsFile = join(home, `${name}.csv`);
      writeFileSync(
        contactsFile,
        `phone,first_name\n${fictionalPhones(calls)
          .map((phone) => `${phone},Ada\n`)
          .join('')}`,
      );
      const { campaign } = await startCampaign(ctx, { spec, contactsFile });
      for await (const { progress } of followCampaign(ctx, campaign.campaignId)) {
        watch?.(calls - progress.waiting - progress.active);
      }
      return campaign.campaignId;
    },
    async sql<T>(text: string, values: unknown[]) {
      return (await pg.query(text, values)).rows as T[];
    },
    failures: () => farEnd?.failures ?? [],
    async stop() {
      await pg.end();
      await farEnd?.stop();
      await ctx.close();
      await stack.stop();
      await removeLocalPostgres(home);
      rmSync(home, { recursive: true, force: true });
    },
  };
}
