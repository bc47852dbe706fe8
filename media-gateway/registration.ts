/** The gateway's own row in Postgres, the only thing it has there: renewed every second, gone when it stops. With it comes who else is there. */
import type { Clock } from '../contracts/clock';
import { GATEWAY_RENEW_MS, type GatewayRegistration } from '../contracts/gateway';
import type { Logger } from '../runtime/log';
import type { GatewayStore } from '../store/store';

export class Registration {
  private cancelTimer: (() => void) | undefined;
  private current: Promise<void> = Promise.resolve();
  private stopped = false;
  private failure: string | undefined;
  private others: readonly GatewayRegistration[] = [];

  constructor(
    private readonly store: GatewayStore,
    private readonly describe: () => GatewayRegistration,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  /** Resolves after the first try: a gateway that Postgres does not know yet still serves the calls it is told of. */
  async start(): Promise<void> {
    await this.renew();
    this.schedule();
  }

  /** At once, when something has changed that a dial must know. */
  renew(): Promise<void> {
    this.current = this.current.then(async () => {
      if (this.stopped) return;
      try {
        const self = this.describe();
        const now = new Date(this.clock.now());
        await this.store.renew(self, now);
        this.others = (await this.store.live(now, self.app)).filter(({ gatewayId }) => gatewayId !== self.gatewayId);
        if (this.failure) this.log.info('registered again');
        this.failure = undefined;
      } catch (error) {
        if (!this.failure) this.log.error({ err: error }, 'the registration was not renewed');
        this.failure = `not registered: ${error instanceof Error ? error.message : String(error)}`;
      }
    });
    return this.current;
  }

  /** Gateways that live, have room and do not drain, best first; as old as the last renewal. Without Postgres the last ones known. */
  get neighbours(): readonly GatewayRegistration[] {
    return this.others;
  }

  problems(): string[] {
    return this.failure ? [this.failure] : [];
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.cancelTimer?.();
    await this.current;
    // Without Postgres the row stays, and counts as dead once its lease is over.
    await this.store.remove(this.describe().gatewayId).catch((error: unknown) => {
      this.log.warn({ err: error }, 'the registration was not removed');
    });
  }

  private schedule(): void {
    if (this.stopped) return;
    this.cancelTimer = this.clock.after(GATEWAY_RENEW_MS, () => {
      void this.renew().then(() => this.schedule());
    });
  }
}
