/** A warm transfer at Telnyx: the person is dialled on a leg of their own, hears the summary by the carrier's voice, and is bridged when they accept. */
import type Telnyx from 'telnyx';
import type { ActionGatherUsingSpeakParams } from 'telnyx/resources/calls/actions';
import type { PlaceCallResult } from '../../contracts/carrier';
import type { AskRequest, BridgeRequest, CarrierTransfers, ConsultRequest, HoldRequest } from '../../contracts/carrier-transfer';
import { webhookUrl } from '../urls';
import { encodeClientState } from './client-state';
import { accepted, commandId, done, placed } from './command';

const MAX_RING_SECONDS = 600;
const MAX_TALK_SECONDS = 14_400;
/** The question, and once more where no key comes. */
const TRIES = 2;

type Language = NonNullable<ActionGatherUsingSpeakParams['language']>;
/** What Telnyx' basic voices speak; another language is read by the English one. */
const LANGUAGES: readonly Language[] = [
  'arb',
  'cmn-CN',
  'cy-GB',
  'da-DK',
  'de-DE',
  'en-AU',
  'en-GB',
  'en-IN',
  'en-US',
  'es-ES',
  'es-MX',
  'es-US',
  'fr-CA',
  'fr-FR',
  'hi-IN',
  'is-IS',
  'it-IT',
  'ja-JP',
  'ko-KR',
  'nb-NO',
  'nl-NL',
  'pl-PL',
  'pt-BR',
  'pt-PT',
  'ro-RO',
  'ru-RU',
  'sv-SE',
  'tr-TR',
];

export class TelnyxTransfers implements CarrierTransfers {
  constructor(
    private readonly client: Telnyx,
    private readonly connectionId: string,
  ) {}

  /** Only makes the phone ring: what is said to the person is `ask`. */
  consult(request: ConsultRequest): Promise<PlaceCallResult> {
    const { callId, carrierCallId, transferNumber, to, from } = request;
    return placed(
      this.client.calls.dial({
        connection_id: this.connectionId,
        to,
        from,
        command_id: commandId('consult', callId, transferNumber),
        // One session for both legs: so they stand together in Telnyx' log and on its bill.
        link_to: carrierCallId,
        client_state: encodeClientState({ c: callId, l: 'consult', n: transferNumber, p: carrierCallId, t: to, f: from }),
        webhook_url: webhookUrl(request.gatewayUrl, 'telnyxEvents', request),
        webhook_url_method: 'POST',
        timeout_secs: Math.min(MAX_RING_SECONDS, Math.max(5, Math.ceil(request.ringTimeoutMs / 1_000))),
        retry_on_timeout: false,
        time_limit_secs: Math.min(MAX_TALK_SECONDS, Math.max(30, Math.ceil(request.timeLimitMs / 1_000))),
        ...(request.machineDetection ? { answering_machine_detection: 'premium' as const } : {}),
      }),
    );
  }

  ask(request: AskRequest): Promise<void> {
    const { callId, humanCallId, transferNumber, summary, question, answerWithinMs } = request;
    return done(
      this.client.calls.actions.gatherUsingSpeak(humanCallId, {
        payload: `${summary} ${question}`,
        invalid_payload: question,
        voice: 'female',
        service_level: 'basic',
        language: languageOf(request.language),
        minimum_digits: 1,
        maximum_digits: 1,
        maximum_tries: TRIES,
        // Any key is an answer: all but one decline.
        valid_digits: '0123456789#*',
        terminating_digit: '',
        timeout_millis: answerWithinMs,
        command_id: commandId('ask', callId, transferNumber),
      }),
    );
  }

  /** The command's id makes a repeat harmless. */
  async bridge(request: BridgeRequest): Promise<PlaceCallResult> {
    const { callId, carrierCallId, humanCallId, transferNumber } = request;
    const result = await accepted(
      this.client.calls.actions.bridge(carrierCallId, {
        call_control_id_to_bridge_with: humanCallId,
        command_id: commandId('bridge', callId, transferNumber),
      }),
      carrierCallId,
    );
    if (result.kind === 'accepted') await stopMusic(this.client, carrierCallId);
    return result;
  }

  /** Played beside the media stream, if there still is one. */
  hold(request: HoldRequest): Promise<void> {
    const { callId, carrierCallId, musicUrl, order } = request;
    return done(
      this.client.calls.actions.startPlayback(carrierCallId, {
        audio_url: musicUrl,
        loop: 'infinity',
        command_id: commandId('hold', callId, order),
      }),
    );
  }
}

/** Ends the music of `hold`: Telnyx plays it on under whatever comes next. Never throws: the two talk, or the agent does, with music or without. */
export async function stopMusic(client: Telnyx, carrierCallId: string): Promise<void> {
  try {
    await client.calls.actions.stopPlayback(carrierCallId, { stop: 'all' });
  } catch {
    // Mostly there was none, and the carrier says so.
  }
}

function languageOf(language: string): Language {
  const exact = LANGUAGES.find((one) => one.toLowerCase() === language.toLowerCase());
  const base = language.split('-')[0]?.toLowerCase();
  return exact ?? LANGUAGES.find((one) => one.split('-')[0] === base && base !== 'en') ?? 'en-US';
}
