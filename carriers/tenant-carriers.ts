import type { Carrier, CarrierName } from '../contracts/carrier';
import { type CarrierConfig, createCarriers } from './index';

/** The carriers of each tenant's configuration, made once for each. */
export class TenantCarriers {
  readonly #made = new WeakMap<CarrierConfig, ReadonlyMap<CarrierName, Carrier>>();

  /** @param own of `config`, the configuration of the process */
  constructor(config: CarrierConfig, own: ReadonlyMap<CarrierName, Carrier>) {
    this.#made.set(config, own);
  }

  of(config: CarrierConfig): ReadonlyMap<CarrierName, Carrier> {
    let carriers = this.#made.get(config);
    if (!carriers) {
      carriers = createCarriers(config);
      this.#made.set(config, carriers);
    }
    return carriers;
  }
}
