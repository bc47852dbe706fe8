import { randomBytes } from 'node:crypto';
import type { CallRules } from '../../contracts/activities';
import { signCallToken } from '../../runtime/call-token';
import type { ActivityContext } from '../context';

/** Beyond the longest queue at the carrier and the longest ringing; a transfer may come in between. */
const TOKEN_LIFE_MS = 15 * 60_000;

/** For one media stream of the call: the nonce makes it good once, whoever else reads it later. */
export function newCallToken(ctx: ActivityContext, rules: CallRules, attachment: number): string {
  const expiresAtMs = ctx.clock.now() + TOKEN_LIFE_MS + rules.ringTimeoutMs;
  return signCallToken(
    { c: rules.setup.callId, a: attachment, n: randomBytes(12).toString('base64url'), e: Math.ceil(expiresAtMs / 1_000) },
    ctx.secretKey,
  );
}
