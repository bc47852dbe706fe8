/** The compliance gate's rules, in the order in which they are evaluated: cheap before dear, each failing closed. */
export const GATE_RULES = [
  'campaign_state', // paused, canceled or over
  'caller_id', // the number to call from belongs to another tenant
  'suppressed', // on the do-not-call list
  'attempt_cap', // retry.maxAttempts reached
  'frequency_cap', // compliance.maxCallsPerDay reached, over all campaigns
  'window', // outside the calling window where the contact is
  'number_in_use', // another call to this number is under way
  'budget', // the campaign's budget is spent
  'capacity', // no gateway has room
] as const;
export type GateRule = (typeof GATE_RULES)[number];

/** `skip` ends the contact, `defer` puts it back until a moment (epoch milliseconds). Recorded with its reason in every case. */
export type GateVerdict =
  | {
      decision: 'allow' /** Of a call that came in: the caller is on the do-not-call list, and may call us all the same. */;
      note?: 'suppressed';
    }
  | { decision: 'skip'; rule: GateRule; reason: string }
  | { decision: 'defer'; rule: GateRule; reason: string; until: number };
