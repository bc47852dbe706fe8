/** What the steps of a warm transfer share. */

import { ApplicationFailure } from '@temporalio/activity';
import { appOf } from '../../contracts/agent';
import type { CarrierTransfers } from '../../contracts/carrier-transfer';
import type { ErrorCode } from '../../contracts/errors';
import { fillTemplate } from '../../policy/template';
import { type TransferWords, transferWords } from '../../policy/transfer-words';
import { type GatewayPair, pairOf } from '../call/gateway-choice';
import type { LoadedCall } from '../call/load-call';
import type { ActivityContext } from '../context';

/** @throws ApplicationFailure that is not retried */
export function transfersOf({ carrier }: LoadedCall): CarrierTransfers {
  if (carrier.transfers) return carrier.transfers;
  throw ApplicationFailure.nonRetryable(`${carrier.name} has no warm transfers`, 'PATTER_CARRIER_REFUSED' satisfies ErrorCode);
}

/**
 * Whom the carrier reports to: the call's own gateway where it lives.
 * @param lostGatewayId is among the live ones for a while yet, and is taken only where there is no other
 */
export async function reportingGateway(
  ctx: ActivityContext,
  { attempt, campaign }: LoadedCall,
  lostGatewayId?: string,
): Promise<GatewayPair | undefined> {
  const known = await ctx.store.gateways.live(new Date(ctx.clock.now()), appOf(campaign.spec.agent));
  const others = known.filter((candidate) => candidate.gatewayId !== lostGatewayId);
  const live = others.length > 0 ? others : known;
  const gateway = live.find((candidate) => candidate.gatewayId === attempt.gatewayId) ?? live[0];
  return gateway && pairOf(gateway, live);
}

export function wordsFor({ campaign, rules }: LoadedCall, reason: string): TransferWords {
  const { variables, agent } = rules.setup;
  const whisper = fillTemplate(campaign.spec.transfer?.whisper ?? '', variables);
  return transferWords({ language: agent.language, reason, variables, whisper });
}
