/** The lab's phone company, which speaks Twilio. */
import type { LabServer } from '../lab-server';
import { type NetworkOptions, PhoneNetwork } from './network';
import type { Program } from './program';
import { registerRest } from './rest';

export function registerTwilio(lab: LabServer, options: NetworkOptions): void {
  const network = new PhoneNetwork(lab, options);
  const programs = new Map<string, Program>();
  registerRest(network, programs);
  lab.onReset(() => {
    network.reset();
    programs.clear();
  });
  lab.onStop(() => network.stop());
}
