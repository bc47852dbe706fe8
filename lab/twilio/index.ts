/** The lab's phone company, which speaks Twilio. */
import type { LabServer } from '../lab-server';
import { registerInbound } from './inbound';
import { type NetworkOptions, PhoneNetwork } from './network';
import { PhoneNumbers } from './numbers';
import type { Program } from './program';
import { Recordings } from './recordings';
import { registerRest } from './rest';

export function registerTwilio(lab: LabServer, options: NetworkOptions): void {
  const network = new PhoneNetwork(lab, options);
  const programs = new Map<string, Program>();
  const numbers = new PhoneNumbers(network);
  const recordings = new Recordings(network);
  registerRest(network, programs, numbers, recordings);
  registerInbound(network, programs, numbers);
  lab.onReset(() => {
    network.reset();
    programs.clear();
    numbers.reset();
    recordings.reset();
  });
  lab.onStop(() => network.stop());
}
