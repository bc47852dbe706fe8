/** The lab's other phone company, which speaks Telnyx. */
import type { LabServer } from '../lab-server';
import { registerInbound } from './inbound';
import { type NetworkOptions, TelnyxNetwork } from './network';
import { registerRest } from './rest';

export function registerTelnyx(lab: LabServer, options: NetworkOptions): void {
  const network = new TelnyxNetwork(lab, options);
  registerRest(network);
  registerInbound(network);
  lab.onReset(() => network.reset());
  lab.onStop(() => network.stop());
}
