/** What activities work with. One per worker process; nothing in it belongs to a call. */
import type { Client } from '@temporalio/client';
import { createCarriers } from '../carriers';
import type { Carrier, CarrierName } from '../contracts/carrier';
import type { Clock } from '../contracts/clock';
import type { Config } from '../runtime/config';
import type { Logger } from '../runtime/log';
import type { Store } from '../store/store';

export interface ActivityContext {
  readonly config: Config;
  readonly store: Store;
  readonly carriers: ReadonlyMap<CarrierName, Carrier>;
  readonly temporal: Client;
  /** Signs call tokens and gateway commands. */
  readonly secretKey: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborted when the worker drains: what is renewed anyway (the dispatch) ends at once, for another worker to go on. */
  readonly draining?: AbortSignal;
}

/** Adds what is made from the configuration alone: the carriers that have credentials. */
export function activityContext(parts: Omit<ActivityContext, 'carriers'>): ActivityContext {
  return { ...parts, carriers: createCarriers(parts.config) };
}
