/**
 * Looks after the deployment while a worker of it lives: that some build is the current one, and that no workflow stays bound to a build which
 * nobody runs any more (a machine that was updated has no old worker). Every worker does it; what one has done the others find done.
 */
import type { WorkerDeploymentOptions } from '@temporalio/worker';
import { type Clock, sleep } from '../contracts/clock';
import type { DeploymentState, WorkerDeployment } from '../runtime/deployment';
import type { Logger } from '../runtime/log';
import type { PresenceStore } from '../store/store';

const LOOK_EVERY_MS = 2_000;
/** A build is given up when it was found without a worker so often in a row: one that restarts is back by then. */
const MISSED_LOOKS = 2;
/** The current one is given up later: an older build may not understand what it has begun. */
const MISSED_LOOKS_OF_CURRENT = 15;
/** A build that is started where nobody runs the current one is meant to take its place: a way back to an older release. */
const NOBODY_THERE_MS = 3_000;
/** A list of workflows may be a moment old; later there is rarely anything to find. */
const OFTEN_AT_FIRST = 15;
const FIRST_PROMOTION_MS = 15_000;
const TRY_AGAIN_MS = 100;
const MOVES_AT_ONCE = 200;

export interface StewardOptions {
  deployment: WorkerDeployment;
  buildId: string;
  /** `auto`: a build that is new makes itself the current one. `on`: only where there is none, somebody else decides. */
  mode: 'auto' | 'on';
  presence: PresenceStore;
  clock: Clock;
  log: Logger;
}

export class VersionSteward {
  private readonly over = new AbortController();
  private readonly missed = new Map<string, number>();
  private held: { release(): Promise<void> } | undefined;
  private watching: Promise<void> = Promise.resolve();
  private current: string | undefined;
  private currentIsDeserted = false;

  constructor(private readonly options: StewardOptions) {}

  /** What the workflows say of themselves counts (`workflows/index.ts`); whoever says nothing follows the current build. */
  get workerOptions(): WorkerDeploymentOptions {
    const { buildId, deployment } = this.options;
    return {
      version: { deploymentName: deployment.name, buildId },
      useWorkerVersioning: true,
      defaultVersioningBehavior: 'AUTO_UPGRADE',
    };
  }

  /** Before the worker asks for its first task. */
  async announce(): Promise<void> {
    this.held = await this.options.presence.hold(presenceName(this.options.deployment, this.options.buildId));
  }

  /** When the worker polls. Resolves when a current build is known; its own, if it is for this one to be. */
  async start(): Promise<void> {
    const { clock, log } = this.options;
    const giveUpAt = clock.monotonic() + FIRST_PROMOTION_MS;
    const mayReplaceAt = clock.monotonic() + NOBODY_THERE_MS;
    while (!(await this.firstLook(clock.monotonic() >= mayReplaceAt).catch(() => false))) {
      if (clock.monotonic() > giveUpAt || this.over.signal.aborted) {
        log.warn({ buildId: this.options.buildId }, 'no build is the current one yet: new calls wait');
        break;
      }
      await sleep(clock, TRY_AGAIN_MS, this.over.signal).catch(() => {});
    }
    this.watching = this.watch();
  }

  /** Its calls are somebody else's from now on: those that are left go to a build that has workers. */
  async stop(): Promise<void> {
    this.over.abort();
    await this.watching;
    await this.held?.release();
  }

  problems(): string[] {
    const { buildId, deployment } = this.options;
    if (this.currentIsDeserted)
      return [`the current build ${this.current} has no worker; to go on with this one: patter deploy promote ${buildId}`];
    if (this.current !== undefined) return [];
    return [`no build of deployment ${deployment.name} is current: patter deploy promote ${buildId}`];
  }

  /** @returns whether new workflows have somewhere to go */
  private async firstLook(mayReplace: boolean): Promise<boolean> {
    const { buildId, deployment, mode, log, presence } = this.options;
    const state = await deployment.state();
    if (!state) return false;
    this.current = state.currentBuildId;
    const own = state.versions.find((version) => version.buildId === buildId);
    if (state.currentBuildId === buildId) return true;
    // An older build that starts again, perhaps because it crashed, does not take the place of its successor.
    const mayPromote = state.currentBuildId === undefined || (mode === 'auto' && own?.status === 'new');
    if (mayPromote) return this.promote();
    if (!own) return false;
    if (mode === 'auto' && !(await presence.isHeld(presenceName(deployment, state.currentBuildId as string)))) {
      return mayReplace ? this.promote() : false;
    }
    log.info({ buildId, current: state.currentBuildId }, 'another build is current: this one finishes what is bound to it');
    return true;
  }

  private async promote(): Promise<boolean> {
    const { buildId, deployment, log } = this.options;
    if (!(await deployment.makeCurrent(buildId))) return false;
    if (this.current !== buildId) log.info({ buildId, before: this.current }, 'this build is the current one now');
    this.current = buildId;
    return true;
  }

  private async watch(): Promise<void> {
    const { clock, log } = this.options;
    let failing = false;
    while (!this.over.signal.aborted) {
      await sleep(clock, LOOK_EVERY_MS, this.over.signal).catch(() => {});
      if (this.over.signal.aborted) return;
      try {
        await this.look();
        failing = false;
      } catch (error) {
        if (!failing) log.warn({ err: error }, 'the deployment could not be looked after');
        failing = true;
      }
    }
  }

  private async look(): Promise<void> {
    const { deployment, mode } = this.options;
    const state = await deployment.state();
    if (!state) return;
    this.current = state.currentBuildId;
    const deserted = await this.deserted(state);
    if (state.currentBuildId === undefined || (mode === 'auto' && deserted.includes(state.currentBuildId))) await this.promote();
    this.currentIsDeserted = this.current !== undefined && deserted.includes(this.current) && this.current !== this.options.buildId;
    const { current } = this;
    if (current === undefined || this.currentIsDeserted) return;
    for (const build of deserted) {
      const looks = this.missed.get(build) ?? 0;
      const isTime = looks <= OFTEN_AT_FIRST || looks % OFTEN_AT_FIRST === 0;
      if (isTime && build !== current) await this.take(build, current);
    }
  }

  /** Builds that may have workflows and have no worker. */
  private async deserted({ versions }: DeploymentState): Promise<string[]> {
    const { buildId, deployment, presence } = this.options;
    const found: string[] = [];
    for (const version of versions) {
      if (version.buildId === buildId || version.status === 'drained') continue;
      const name = presenceName(deployment, version.buildId);
      const missed = (await presence.isHeld(name)) ? 0 : (this.missed.get(version.buildId) ?? 0) + 1;
      this.missed.set(version.buildId, missed);
      const patience = version.buildId === this.current ? MISSED_LOOKS_OF_CURRENT : MISSED_LOOKS;
      if (missed >= patience) found.push(version.buildId);
    }
    return found;
  }

  /** To the current build: stored histories of earlier ones are replayed against every build, so its code can go on with them. */
  private async take(from: string, to: string): Promise<void> {
    const { deployment, log } = this.options;
    const workflows = await deployment.pinnedTo(from, MOVES_AT_ONCE);
    if (workflows.length === 0) return;
    for (const workflowId of workflows) await deployment.move(workflowId, to);
    log.warn({ from, to, workflows: workflows.length }, 'workflows of a build without workers go on with the current one');
  }
}

function presenceName(deployment: WorkerDeployment, buildId: string): string {
  return `worker ${deployment.name} ${buildId}`;
}
