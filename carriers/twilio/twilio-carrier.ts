/** Twilio behind the `Carrier` interface. Every method sends each request once and within the client's time-out. */
import type { Twilio } from 'twilio';
import type { CallInstance } from 'twilio/lib/rest/api/v2010/account/call';
import {
  type Carrier,
  type CarrierCall,
  isTerminalCarrierStatus,
  type PlaceCallRequest,
  type PlaceCallResult,
  type SendDigitsRequest,
  type SendDigitsResult,
  type TransferRequest,
  UnknownOutcomeError,
} from '../../contracts/carrier';
import type { CarrierNumbers } from '../../contracts/carrier-numbers';
import type { CarrierPrices } from '../../contracts/carrier-price';
import type { CarrierRecordings } from '../../contracts/carrier-recording';
import type { CarrierTransfers } from '../../contracts/carrier-transfer';
import { PatterError } from '../../contracts/errors';
import { MICROS_PER_USD } from '../../contracts/money';
import type { TwilioAccess } from './client';
import { NOT_FOUND, NOT_IN_PROGRESS, readError } from './errors';
import { TwilioNumbers } from './numbers';
import { vendorCodeOf } from './outcome';
import { TwilioPrices } from './prices';
import { TwilioRecordings } from './recordings';
import { settled } from './settled';
import { statusFromTwilio, statusToTwilio } from './status';
import { TwilioTransfers } from './transfers';
import { digitsTwiml, streamTwiml, transferTwiml } from './twiml';
import { webhookUrl } from './urls';
import { amdOf } from './webhooks';

/** More matches than any reconciliation has use for. */
const LIST_LIMIT = 200;
/** Of its queue all is wanted, or a pause would leave phones to ring: 80 minutes of dialling at one call a second. */
const QUEUE_LIMIT = 5_000;
const PAGE_SIZE = 1_000;

export class TwilioCarrier implements Carrier {
  readonly name = 'twilio' as const;
  readonly recordings: CarrierRecordings;
  readonly transfers: CarrierTransfers;
  readonly numbers: CarrierNumbers;
  readonly prices: CarrierPrices;

  constructor(
    private readonly client: Twilio,
    access: TwilioAccess,
  ) {
    this.recordings = new TwilioRecordings(client, access);
    this.transfers = new TwilioTransfers(client);
    this.numbers = new TwilioNumbers(client);
    this.prices = new TwilioPrices(client);
  }

  async placeCall(request: PlaceCallRequest, signal?: AbortSignal): Promise<PlaceCallResult> {
    signal?.throwIfAborted();
    const machineDetection = request.machineDetection
      ? {
          // Tells a person at once, and of a machine when its greeting is over: the moment to leave a message.
          machineDetection: 'DetectMessageEnd',
          asyncAmd: 'true',
          asyncAmdStatusCallback: webhookUrl(request.gatewayUrl, 'amd', request),
          asyncAmdStatusCallbackMethod: 'POST',
        }
      : {};
    const created = this.client.calls.create({
      to: request.to,
      from: request.from,
      twiml: streamTwiml(request),
      statusCallback: webhookUrl(request.gatewayUrl, 'status', request),
      statusCallbackMethod: 'POST',
      statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'],
      ...(request.ringTimeoutMs === null ? {} : { timeout: Math.ceil(request.ringTimeoutMs / 1_000) }),
      timeLimit: Math.ceil(request.timeLimitMs / 1_000),
      ...machineDetection,
    });
    return settled(signal ? raceAbort(created, signal) : created);
  }

  async fetchCall(carrierCallId: string): Promise<CarrierCall | undefined> {
    try {
      return toCarrierCall(await this.client.calls(carrierCallId).fetch());
    } catch (error) {
      if (vendorCodeOf(error) === NOT_FOUND) return undefined;
      throw readError(error);
    }
  }

  /**
   * The carrier filters by number, parent and status; the moment is compared here, because a call still in Twilio's queue has no start time
   * to filter by. Twilio's times are whole seconds: a call of the same second counts as after.
   */
  async listCalls(filter: Parameters<Carrier['listCalls']>[0]): Promise<CarrierCall[]> {
    const { startedAfter, status, parentCallId, to, from } = filter;
    const limit = status === 'queued' ? QUEUE_LIMIT : LIST_LIMIT;
    const found = await this.client.calls
      .list({
        to,
        from,
        parentCallSid: parentCallId,
        status: status && statusToTwilio(status),
        limit,
        pageSize: Math.min(limit, PAGE_SIZE),
      })
      .catch((error: unknown) => {
        throw readError(error);
      });
    const since = startedAfter === undefined ? Number.NEGATIVE_INFINITY : Math.floor(startedAfter / 1_000) * 1_000;
    return found.map(toCarrierCall).filter((call) => (call.startedAt ?? Number.POSITIVE_INFINITY) >= since);
  }

  async hangup(carrierCallId: string): Promise<void> {
    const call = await this.fetchCall(carrierCallId);
    if (!call || isTerminalCarrierStatus(call.status)) return;
    if (call.status === 'queued' || call.status === 'ringing') {
      const canceled = await this.end(carrierCallId, 'canceled');
      if (canceled && isTerminalCarrierStatus(canceled.status)) return;
      // Answered in between: `canceled` leaves a call in progress alone.
    }
    await this.end(carrierCallId, 'completed');
  }

  async transfer(request: TransferRequest): Promise<PlaceCallResult> {
    return settled(this.client.calls(request.carrierCallId).update({ twiml: transferTwiml(request) }));
  }

  /** @throws PatterError PATTER_CALL_ENDED where there is no such call in progress; UnknownOutcomeError (harmless to repeat) */
  async restream(request: Parameters<Carrier['restream']>[0]): Promise<void> {
    const result = await settled(this.client.calls(request.carrierCallId).update({ twiml: streamTwiml(request) }));
    if (result.kind === 'accepted') return;
    const ended = result.vendorCode === NOT_FOUND || result.vendorCode === NOT_IN_PROGRESS;
    throw new PatterError(ended ? 'PATTER_CALL_ENDED' : 'PATTER_CARRIER_REFUSED', result.message, {
      details: { vendorCode: result.vendorCode, httpStatus: result.httpStatus },
    });
  }

  /** Twilio presses keys only in the place of a media stream: other TwiML takes over, with a new stream at its end. */
  async sendDigits(request: SendDigitsRequest): Promise<SendDigitsResult> {
    const result = await settled(this.client.calls(request.carrierCallId).update({ twiml: digitsTwiml(request) }));
    if (result.kind === 'accepted') return { kind: 'sent', stream: 'replaced' };
    return { kind: 'refused', httpStatus: result.httpStatus, message: result.message };
  }

  async listNumbers(): Promise<string[]> {
    try {
      const numbers = await this.client.incomingPhoneNumbers.list({ limit: 1_000 });
      return numbers.map((number) => number.phoneNumber);
    } catch (error) {
      throw readError(error);
    }
  }

  /** Undefined when Twilio says that the call is not in a state to be ended so. */
  private async end(carrierCallId: string, status: 'canceled' | 'completed'): Promise<CarrierCall | undefined> {
    try {
      return toCarrierCall(await this.client.calls(carrierCallId).update({ status }));
    } catch (error) {
      const code = vendorCodeOf(error);
      if (code === NOT_FOUND || code === NOT_IN_PROGRESS) return undefined;
      throw readError(error);
    }
  }
}

/** A request that is given up half way may have been carried out. */
function raceAbort<T>(sent: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new UnknownOutcomeError('The request was given up before Twilio answered', { cause: signal.reason }));
    signal.addEventListener('abort', onAbort, { once: true });
    sent.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function toCarrierCall(call: CallInstance): CarrierCall {
  const startedAt = epochMs(call.startTime) ?? epochMs(call.dateCreated);
  const endedAt = epochMs(call.endTime);
  const durationS = number(call.duration);
  const price = call.priceUnit?.toUpperCase() === 'USD' ? number(call.price) : undefined;
  return {
    carrierCallId: call.sid,
    // A status of a later API version: not terminal, so that nobody takes the call for over.
    status: statusFromTwilio(call.status) ?? 'in_progress',
    to: call.to,
    from: call.from,
    ...(call.parentCallSid ? { parentCallId: call.parentCallSid } : {}),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(durationS === undefined ? {} : { durationS }),
    ...(call.answeredBy ? { amd: amdOf(call.answeredBy) } : {}),
    // Twilio gives what it takes as a negative amount.
    ...(price === undefined ? {} : { priceMicros: Math.round(Math.abs(price) * MICROS_PER_USD) }),
  };
}

function epochMs(date: Date | null | undefined): number | undefined {
  const ms = date?.getTime();
  return ms === undefined || Number.isNaN(ms) ? undefined : ms;
}

function number(text: string | null | undefined): number | undefined {
  if (text === null || text === undefined || text === '') return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}
