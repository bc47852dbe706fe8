import type { Carrier, CarrierName } from '../contracts/carrier';
import type { Clock } from '../contracts/clock';
import type { Config } from '../runtime/config';
import type { Logger } from '../runtime/log';
import type { TenantAccounts } from '../runtime/tenant-accounts';
import type { Admission } from './admission';
import type { CallRegistry } from './call-registry';
import type { CallTaps } from './call-taps';
import type { EndedStreams } from './ended-streams';
import type { GatewayMetrics } from './metrics';
import type { Outbox } from './outbox';
import type { PrewarmPool } from './prewarm';
import type { SessionMaker } from './session-maker';
import type { KnownNews } from './webhooks/known-news';
import type { WorkflowLink } from './workflow-link';

/** What the routes of one gateway share. */
export interface GatewayContext {
  readonly gatewayId: string;
  readonly config: Config;
  /** What the carrier was told, without a trailing slash: signatures are over it. */
  readonly publicUrl: string;
  /** The neighbour's, or its own where there is no other. */
  readonly fallbackUrl: string;
  /** A gateway that takes calls now, if there is one; behind a balancer its address may be our own. */
  readonly neighbourUrl: string | undefined;
  /** Whose calls it serves; null: those of agents without code. */
  readonly app: string | null;
  /** Where a call of another app belongs; undefined when nobody serves it now. */
  urlOfApp(app: string | null): Promise<string | undefined>;
  readonly secretKey: string;
  /** Of the process's own configuration. */
  readonly carriers: ReadonlyMap<CarrierName, Carrier>;
  /** Absent: all tenants use the accounts of the process. */
  readonly accounts?: TenantAccounts;
  /** With the accounts of the call's owner. */
  carriersOf(callId: string): Promise<ReadonlyMap<CarrierName, Carrier>>;
  readonly link: WorkflowLink;
  readonly outbox: Outbox;
  readonly prewarm: PrewarmPool;
  readonly sessions: SessionMaker;
  /** Who listens in, in this process. */
  readonly taps?: CallTaps;
  readonly calls: CallRegistry;
  readonly endedStreams: EndedStreams;
  readonly knownNews: KnownNews;
  /** False: a webhook is believed where the credential to verify it is missing. */
  readonly requireSignature: boolean;
  readonly admission: Admission;
  readonly metrics: GatewayMetrics;
  readonly clock: Clock;
  /** By which the workflows are told that this gateway lives, for all calls at once. */
  readonly beats: Clock;
  readonly log: Logger;
}
