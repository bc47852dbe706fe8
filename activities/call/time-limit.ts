import type { CampaignSpec } from '../../contracts/campaign';
import { numbersInTemplate } from '../../policy/transfer-targets';

/** A talk with a human, after the agent's. */
const TRANSFERRED_TALK_MS = 2 * 3_600_000;
const MARGIN_MS = 2 * 60_000;
/** Twilio's own ceiling for an account without special terms. */
const CARRIER_MAX_MS = 4 * 3_600_000;

/** Longest life of an answered call, which the carrier itself enforces: what every other limit fails to end, this ends. */
export function longestCallMs(spec: Pick<CampaignSpec, 'agent' | 'transfer'>): number {
  const canTransfer = spec.transfer !== undefined || numbersInTemplate(spec.agent.systemPrompt).length > 0;
  return Math.min(CARRIER_MAX_MS, spec.agent.maxDurationMs + MARGIN_MS + (canTransfer ? TRANSFERRED_TALK_MS : 0));
}
