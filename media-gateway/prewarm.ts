/** While a phone rings: the call's set-up from its workflow, and a session's provider socket and greeting. Each owned until taken, or its deadline. */
import type { CallSetup } from '../contracts/call';
import type { CarrierName } from '../contracts/carrier';
import type { Clock } from '../contracts/clock';
import type { Config } from '../runtime/config';
import type { Logger } from '../runtime/log';
import type { TenantAccounts } from '../runtime/tenant-accounts';
import type { Outbox } from './outbox';
import type { Prewarmed } from './session';
import type { SessionMaker } from './session-maker';
import type { WorkflowLink } from './workflow-link';

/** Longer than any sensible ring; a provider's idle socket costs money. */
const PREWARM_LIFETIME_MS = 120_000;
const ATTACH_DEADLINE_MS = 5_000;

export interface Warm {
  setup: CallSetup;
  prewarmed: Prewarmed;
}

type Entry = { carrierCallId: string; cancelDeadline: () => void } & ({ state: 'attaching' } | { state: 'warm'; warm: Warm });

export interface PrewarmDeps {
  gatewayId: string;
  config: Config;
  accounts?: TenantAccounts;
  link: WorkflowLink;
  outbox: Outbox;
  sessions: SessionMaker;
  clock: Clock;
  log: Logger;
}

export class PrewarmPool {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly deps: PrewarmDeps) {}

  get size(): number {
    return this.entries.size;
  }

  /**
   * At the first sign that the phone rings; repeats change nothing. Resolves when it is warm or given up; never rejects.
   * @param ringingAt epoch milliseconds, by the carrier's clock
   * @returns whether the workflow has been told that it rings
   */
  async warmUp(callId: string, carrier: CarrierName, carrierCallId: string, ringingAt: number): Promise<boolean> {
    if (this.entries.has(callId)) return false;
    const { clock, gatewayId, link, log, outbox, sessions } = this.deps;
    const cancelDeadline = clock.after(PREWARM_LIFETIME_MS, () => this.release(callId));
    const entry: Entry = { state: 'attaching', carrierCallId, cancelDeadline };
    this.entries.set(callId, entry);
    let told = false;
    try {
      const request = { gatewayId, carrierCallId, ringingAt };
      const result = await link.attach(callId, request, `ringing/${gatewayId}/${carrierCallId}`, ATTACH_DEADLINE_MS);
      told = result.kind === 'attached' || result.action === 'hangup';
      if (result.kind === 'refused') {
        log.warn({ callId, code: result.code, reason: result.reason, action: result.action }, 'attach refused at ringing');
        if (result.action === 'hangup') outbox.post({ kind: 'hangup', callId, carrier, carrierCallId, at: clock.now() });
      } else if (result.setup && this.entries.get(callId) === entry) {
        const config = await this.configOf(result.setup.tenantId);
        if (this.entries.get(callId) !== entry) return told;
        const prewarmed = sessions.prewarm(result.setup, { config, clock, log: log.child({ callId }) });
        this.entries.set(callId, { state: 'warm', carrierCallId, cancelDeadline, warm: { setup: result.setup, prewarmed } });
        return told;
      }
    } catch (error) {
      log.warn({ callId, err: error }, 'not warmed up; the stream will attach cold');
    }
    if (this.entries.get(callId) === entry) this.release(callId);
    return told;
  }

  /** For a call whose set-up is known: it came in, and its stream opens in a moment. Repeats change nothing. */
  keepWarm(setup: CallSetup, carrierCallId: string): void {
    const { callId } = setup;
    if (this.entries.has(callId)) return;
    const { accounts, clock, log, sessions } = this.deps;
    const config = accounts ? accounts.peek(setup.tenantId) : this.deps.config;
    // Its accounts have to be read first, and the stream opens now: it opens its own session.
    if (!config) return;
    const prewarmed = sessions.prewarm(setup, { config, clock, log: log.child({ callId }) });
    const cancelDeadline = clock.after(PREWARM_LIFETIME_MS, () => this.release(callId));
    this.entries.set(callId, { state: 'warm', carrierCallId, cancelDeadline, warm: { setup, prewarmed } });
  }

  /** Hands over what is warm, with its ownership; what is still under way is given up. */
  take(callId: string, carrierCallId: string): Warm | undefined {
    const entry = this.entries.get(callId);
    if (entry?.state !== 'warm' || entry.carrierCallId !== carrierCallId) {
      this.release(callId);
      return undefined;
    }
    this.entries.delete(callId);
    entry.cancelDeadline();
    return entry.warm;
  }

  private async configOf(tenantId: string): Promise<Config> {
    return this.deps.accounts?.configOrNone(tenantId) ?? this.deps.config;
  }

  /** Nobody answered, or too late. */
  release(callId: string): void {
    const entry = this.entries.get(callId);
    if (!entry) return;
    this.entries.delete(callId);
    entry.cancelDeadline();
    if (entry.state === 'warm') entry.warm.prewarmed.dispose();
  }

  stop(): void {
    for (const callId of [...this.entries.keys()]) this.release(callId);
  }
}
