/**
 * `npm run bench:campaign`: what calls cost that end at once, with one worker and the dev server. Unanswered ones go through the lab's phone company and a
 * real gateway; answered ones through ./campaign/instant-far-end, which tells the workflow what a gateway and a carrier would.
 */
import { campaignWorkflowId, postCallWorkflowId } from '../contracts/call-id';
import { DEFAULT_TENANT } from '../contracts/ids';
import { builtProgram } from '../test/support/built';
import { type BenchWorld, type Kind, startBenchWorld } from './campaign/bench-world';
import { measureTalks } from './campaign/talks';
import { machine } from './support/machine';
import { quantile, round } from './support/numbers';
import { benchOptions } from './support/options';
import { openFiles, ProcessMeter, residentKb } from './support/process-meter';
import { type Row, report } from './support/report';

const options = benchOptions();
const sizes = options.sizes ?? (options.quick ? [20] : [100, 1_000, 5_000]);
/** The pace at which the campaign's own events are counted: at full speed there is nothing to wait for. */
const PACED_CPS = 5;
const pacedCalls = options.quick ? 25 : 200;
const WARM_UP_CALLS = 20;
const TALKS = 8;
/** Workflows whose history is looked at. */
const SAMPLE = 40;
/** How often what a process holds is noted, in calls. */
const GROWTH_EVERY = 1_000;

async function measure(world: BenchWorld, kind: Kind, calls: number, grown: (ended: number) => void, cps?: number): Promise<Row> {
  const name = `${kind}-${calls}${cps ? '-paced' : ''}`;
  const meter = new ProcessMeter(world.pids);
  const campaignId = await world.campaign({ name, calls, cps, watch: grown });
  const spent = meter.read();
  const perCall = Object.fromEntries(Object.entries(spent).map(([process, ms]) => [process, ms / calls]));
  const [times] = await world.sql<{ ms: number; ended: string; outcomes: string }>(
    `select extract(epoch from max(ended_at) - min(created_at)) * 1000 as ms, count(*) filter (where state = 'ended') as ended,
            string_agg(distinct outcome, ' ') as outcomes
     from attempts where campaign_id = $1`,
    [campaignId],
  );
  const ids = await world.sql<{ call_id: string }>('select call_id from attempts where campaign_id = $1 order by random() limit $2', [
    campaignId,
    SAMPLE,
  ]);
  const histories = await Promise.all(ids.map(({ call_id }) => historyOf(world, call_id)));
  // There is none where the campaign asks for nothing after a call.
  const after = await Promise.all(
    ids.map(({ call_id }) => historyOf(world, postCallWorkflowId(call_id)).catch(() => ({ events: 0, bytes: 0 }))),
  );
  const campaignEvents = await eventsOfCampaign(world, name);
  const product = (perCall.temporal ?? 0) + (perCall.postgres ?? 0) + (perCall.worker ?? 0);
  return {
    calls,
    kind: `${kind}${cps ? ` at ${cps} CPS` : ''}`,
    ended: Number(times?.ended ?? 0),
    outcome: times?.outcomes ?? '',
    'calls/s': round(calls / (Number(times?.ms) / 1_000)),
    'CPU ms per call': round(product),
    temporal: round(perCall.temporal ?? 0),
    worker: round(perCall.worker ?? 0),
    postgres: round(perCall.postgres ?? 0),
    'gateway or far end': round(perCall.gateway ?? perCall['far end'] ?? 0),
    lab: perCall.lab === undefined ? '' : round(perCall.lab),
    'events p50/max': `${quantile(
      histories.map((one) => one.events),
      0.5,
    )} / ${quantile(
      histories.map((one) => one.events),
      1,
    )}`,
    'bytes p50': quantile(
      histories.map((one) => one.bytes),
      0.5,
    ),
    'post-call events, bytes': `${quantile(
      after.map((one) => one.events),
      0.5,
    )}, ${quantile(
      after.map((one) => one.bytes),
      0.5,
    )}`,
    'campaign events per call': round(campaignEvents / calls, 3),
  };
}

async function historyOf(world: BenchWorld, workflowId: string): Promise<{ events: number; bytes: number }> {
  const { raw } = await world.ctx.temporal.workflow.getHandle(workflowId).describe();
  return { events: Number(raw.workflowExecutionInfo?.historyLength), bytes: Number(raw.workflowExecutionInfo?.historySizeBytes) };
}

/** Of all its runs. */
async function eventsOfCampaign(world: BenchWorld, name: string): Promise<number> {
  const workflowId = campaignWorkflowId(DEFAULT_TENANT, name);
  let events = 0;
  for await (const run of world.ctx.temporal.workflow.list({ query: `WorkflowId = '${workflowId}'` })) {
    const { raw } = await world.ctx.temporal.workflow.getHandle(workflowId, run.runId).describe();
    events += Number(raw.workflowExecutionInfo?.historyLength);
  }
  return events;
}

/** What the processes hold, after each so many successive calls. */
class Growth {
  readonly rows: Row[] = [];
  #ended = 0;
  #noted = -GROWTH_EVERY;

  constructor(
    private readonly world: BenchWorld,
    private readonly kind: Kind,
  ) {}

  /** @returns what a campaign reports to */
  campaign(calls: number): (ended: number) => void {
    const before = this.#ended;
    this.#ended += calls;
    return (ended) => this.#note(before + ended);
  }

  #note(ended: number): void {
    if (ended - this.#noted < GROWTH_EVERY) return;
    this.#noted = ended;
    const processes = Object.entries(this.world.pids).filter(([name]) => name !== 'far end' && name !== 'postgres');
    this.rows.push({
      kind: this.kind,
      'calls so far': ended,
      ...Object.fromEntries(processes.map(([name, pid]) => [`${name} MB`, round(residentKb(pid) / 1_024, 0)])),
      ...Object.fromEntries(processes.filter(([name]) => name !== 'lab').map(([name, pid]) => [`${name} files`, openFiles(pid)])),
    });
  }
}

async function main(): Promise<void> {
  const where = machine();
  await builtProgram();
  const rows: Row[] = [];
  const growth: Record<string, Row[]> = {};
  for (const kind of ['unanswered', 'answered'] as const) {
    if (options.only !== undefined && options.only !== kind) continue;
    const world = await startBenchWorld(kind);
    try {
      await world.campaign({ name: 'warm-up', calls: WARM_UP_CALLS });
      const grown = new Growth(world, kind);
      for (const calls of sizes) {
        rows.push(await measure(world, kind, calls, grown.campaign(calls)));
        process.stderr.write(`${kind}, ${calls} calls: ${JSON.stringify(rows.at(-1))}\n`);
      }
      if (kind === 'unanswered') rows.push(await measure(world, kind, pacedCalls, grown.campaign(pacedCalls), PACED_CPS));
      growth[`what processes hold while ${kind} calls pass`] = grown.rows;
      for (const failure of new Set(world.failures())) process.stderr.write(`far end: ${failure}\n`);
    } finally {
      await world.stop();
    }
  }
  const talks = options.only === undefined || options.only === 'talks' ? [await measureTalks(options.quick ? 1 : TALKS)] : [];
  report(options, 'bench:campaign', where, {
    ...(rows.length > 0 && { 'calls that end at once': rows }),
    ...growth,
    ...(talks.length > 0 && { 'calls of a minute, on the lab': talks }),
  });
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
