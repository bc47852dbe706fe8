/**
 * Warm transfers at Twilio. The person's leg is a call of its own that asks by itself (`<Gather>`); who accepts enters a conference, and the caller
 * follows. In this order, because the caller hears music until then and the person waits for less than a second. The conference holds two, and
 * ends for both when one leaves.
 */
import type { Twilio } from 'twilio';
import type { PlaceCallResult } from '../../contracts/carrier';
import type { BridgeRequest, CarrierTransfers, ConsultRequest, HoldRequest } from '../../contracts/carrier-transfer';
import { PatterError } from '../../contracts/errors';
import { NOT_FOUND, NOT_IN_PROGRESS, readError } from './errors';
import { settled } from './settled';
import { callerJoinsTwiml, conferenceName, consultTwiml, holdTwiml } from './transfer-twiml';
import { webhookUrl } from './urls';

export class TwilioTransfers implements CarrierTransfers {
  constructor(private readonly client: Twilio) {}

  consult(request: ConsultRequest): Promise<PlaceCallResult> {
    const machineDetection = request.machineDetection
      ? {
          // As soon as may be: a mailbox shall not record the summary.
          machineDetection: 'Enable',
          asyncAmd: 'true',
          asyncAmdStatusCallback: webhookUrl(request.gatewayUrl, 'consultAmd', request),
          asyncAmdStatusCallbackMethod: 'POST',
        }
      : {};
    const again = webhookUrl(request.fallbackGatewayUrl, 'consultAgain', request);
    return settled(
      this.client.calls.create({
        to: request.to,
        from: request.from,
        twiml: consultTwiml(request),
        fallbackUrl: `${again}?language=${encodeURIComponent(request.language)}`,
        fallbackMethod: 'POST',
        statusCallback: webhookUrl(request.gatewayUrl, 'consultStatus', request),
        statusCallbackMethod: 'POST',
        statusCallbackEvent: ['ringing', 'answered', 'completed'],
        timeout: Math.ceil(request.ringTimeoutMs / 1_000),
        timeLimit: Math.ceil(request.timeLimitMs / 1_000),
        ...machineDetection,
      }),
    );
  }

  /** An update of a caller who is in the conference already would end it. */
  async bridge(request: BridgeRequest): Promise<PlaceCallResult> {
    if (request.repeated && (await this.connected(request))) {
      return { kind: 'accepted', carrierCallId: request.carrierCallId, status: 'in_progress' };
    }
    return settled(this.client.calls(request.carrierCallId).update({ twiml: callerJoinsTwiml(request) }));
  }

  async hold(request: HoldRequest): Promise<void> {
    const result = await settled(this.client.calls(request.carrierCallId).update({ twiml: holdTwiml(request) }));
    if (result.kind === 'accepted') return;
    const ended = result.vendorCode === NOT_FOUND || result.vendorCode === NOT_IN_PROGRESS;
    throw new PatterError(ended ? 'PATTER_CALL_ENDED' : 'PATTER_CARRIER_REFUSED', result.message, {
      details: { vendorCode: result.vendorCode, httpStatus: result.httpStatus },
    });
  }

  /** A conference is `in-progress` from the second participant on. */
  private async connected(request: BridgeRequest): Promise<boolean> {
    const friendlyName = conferenceName(request);
    const found = await this.client.conferences.list({ friendlyName, status: 'in-progress', limit: 1 }).catch((error: unknown) => {
      throw readError(error);
    });
    return found.length > 0;
  }
}
