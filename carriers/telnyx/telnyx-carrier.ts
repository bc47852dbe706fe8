/** Telnyx Call Control behind the `Carrier` interface. Every method sends each request once and within the client's time-out. */
import type Telnyx from 'telnyx';
import type {
  AnswerRequest,
  Carrier,
  CarrierCall,
  PlaceCallRequest,
  PlaceCallResult,
  SendDigitsRequest,
  SendDigitsResult,
  TransferRequest,
} from '../../contracts/carrier';
import { webhookUrl } from '../urls';
import { TelnyxCalls } from './calls';
import type { TelnyxAccess } from './client';
import { encodeClientState } from './client-state';
import { accepted, commandId, done, placed, raceAbort } from './command';
import { TelnyxNumbers } from './numbers';
import { isOver, readError, refusalOrUnknown, vendorCodeOf } from './outcome';
import { TelnyxPrices } from './prices';
import { TelnyxRecordings } from './recordings';
import { streamParams, webhookParams } from './stream';
import { stopMusic, TelnyxTransfers } from './transfers';

/** Telnyx' bounds of `timeout_secs` and `time_limit_secs`. */
const RING_SECONDS = { min: 5, max: 600 } as const;
const TIME_LIMIT_SECONDS = { min: 30, max: 14_400 } as const;
/** The call is not answered yet, so there is nothing to stream. */
const NOT_ANSWERED = 90_034;

export class TelnyxCarrier implements Carrier {
  readonly name = 'telnyx' as const;
  readonly recordings: TelnyxRecordings;
  readonly transfers: TelnyxTransfers;
  readonly numbers: TelnyxNumbers;
  readonly prices: TelnyxPrices;
  private readonly calls: TelnyxCalls;

  constructor(
    private readonly client: Telnyx,
    private readonly access: Pick<TelnyxAccess, 'connectionId'>,
  ) {
    this.calls = new TelnyxCalls(client, access.connectionId);
    this.recordings = new TelnyxRecordings(client);
    this.transfers = new TelnyxTransfers(client, access.connectionId);
    this.numbers = new TelnyxNumbers(client, access.connectionId);
    this.prices = new TelnyxPrices(client, access.connectionId);
  }

  async placeCall(request: PlaceCallRequest, signal?: AbortSignal): Promise<PlaceCallResult> {
    signal?.throwIfAborted();
    const { callId, to, from } = request;
    const dialed = this.client.calls.dial({
      connection_id: this.access.connectionId,
      to,
      from,
      command_id: commandId('dial', callId),
      client_state: encodeClientState({ c: callId, l: 'call', t: to, f: from }),
      ...webhookParams(request),
      ...(request.ringTimeoutMs === null ? {} : { timeout_secs: seconds(request.ringTimeoutMs, RING_SECONDS) }),
      // One attempt is one ring: no further routes after the time-out.
      retry_on_timeout: false,
      time_limit_secs: seconds(request.timeLimitMs, TIME_LIMIT_SECONDS),
      // Telnyx opens the stream itself when the phone is answered: no round trip, and no socket before there is somebody to talk to.
      ...streamParams(request),
      ...(request.machineDetection ? { answering_machine_detection: 'premium' as const } : {}),
    });
    return placed(signal ? raceAbort(dialed, signal) : dialed);
  }

  fetchCall(carrierCallId: string): Promise<CarrierCall | undefined> {
    return this.calls.fetch(carrierCallId);
  }

  listCalls(filter: Parameters<Carrier['listCalls']>[0]): Promise<CarrierCall[]> {
    return this.calls.list(filter);
  }

  /** Also for a phone that rings: Telnyx ends a leg in any state. */
  async hangup(carrierCallId: string): Promise<void> {
    try {
      await this.client.calls.actions.hangup(carrierCallId, { command_id: commandId('hangup', carrierCallId) });
    } catch (error) {
      if (!isOver(error)) throw readError(error);
    }
  }

  /** Calls the person and connects the two as soon as they answer. Telnyx leaves the media stream of the caller alone: `endStream` ends it. */
  transfer(request: TransferRequest): Promise<PlaceCallResult> {
    const { callId, carrierCallId, transferNumber, to, from } = request;
    const sent = this.client.calls.actions.transfer(carrierCallId, {
      to,
      from,
      command_id: commandId('transfer', callId, transferNumber),
      // The caller's leg keeps the state it has, with its numbers.
      target_leg_client_state: encodeClientState({ c: callId, l: 'transfer', n: transferNumber, p: carrierCallId, t: to, f: from }),
      webhook_url: webhookUrl(request.gatewayUrl, 'telnyxEvents', request),
      webhook_url_method: 'POST',
      timeout_secs: seconds(request.ringTimeoutMs, RING_SECONDS),
    });
    return accepted(sent, carrierCallId);
  }

  /** Answers a call that came in, and streams it. @throws PatterError PATTER_CALL_ENDED, PATTER_CARRIER_REFUSED; UnknownOutcomeError */
  async answer(request: AnswerRequest): Promise<void> {
    const { callId, carrierCallId, to, from } = request;
    await done(
      this.client.calls.actions.answer(carrierCallId, {
        command_id: commandId('answer', callId),
        client_state: encodeClientState({ c: callId, l: 'call', ...(to && { t: to }), ...(from && { f: from }) }),
        ...webhookParams(request),
        ...streamParams(request),
      }),
    );
  }

  /**
   * Telnyx carries one bidirectional stream of a call. One that it takes for alive (its gateway is frozen, or does not answer) is stopped first.
   * @throws PatterError PATTER_CALL_ENDED where there is no such call in progress; UnknownOutcomeError (harmless to repeat)
   */
  async restream(request: Parameters<Carrier['restream']>[0]): Promise<void> {
    const { carrierCallId, token } = request;
    const start = (round: number) =>
      this.client.calls.actions.startStreaming(carrierCallId, { ...streamParams(request), command_id: commandId('stream', token, round) });
    try {
      await start(1);
    } catch (error) {
      const refusal = refusalOrUnknown(error);
      if (isOver(error) || vendorCodeOf(error) === NOT_ANSWERED || refusal.httpStatus === 0 || refusal.httpStatus === 429)
        throw readError(error);
      await this.endStream(carrierCallId);
      await done(start(2));
    }
    await stopMusic(this.client, carrierCallId);
  }

  /** Ends whatever stream the call has; the call goes on. None is success. @throws UnknownOutcomeError */
  async endStream(carrierCallId: string): Promise<void> {
    try {
      await this.client.calls.actions.stopStreaming(carrierCallId, {});
    } catch (error) {
      // Refused: there is no stream, or no call any more. Throws where nobody knows.
      refusalOrUnknown(error);
    }
  }

  /** The tones go out beside the stream, which stays. */
  async sendDigits(request: SendDigitsRequest): Promise<SendDigitsResult> {
    try {
      await this.client.calls.actions.sendDtmf(request.carrierCallId, { digits: request.digits });
    } catch (error) {
      const { kind, httpStatus, message } = refusalOrUnknown(error);
      return { kind, httpStatus, message };
    }
    return { kind: 'sent', stream: 'kept' };
  }

  listNumbers(): Promise<string[]> {
    return this.numbers.list();
  }
}

function seconds(ms: number, { min, max }: { min: number; max: number }): number {
  return Math.min(max, Math.max(min, Math.ceil(ms / 1_000)));
}
