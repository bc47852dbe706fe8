/** TwiML of warm transfers: for the person who is asked, and for the caller who waits. */
import { twiml } from 'twilio';
import type { BridgeRequest, ConsultRequest, HoldRequest } from '../../contracts/carrier-transfer';
import { continueUrl, webhookUrl } from './urls';

interface Transfer {
  callId: string;
  transferNumber: number;
  gatewayUrl: string;
}
type Say = Parameters<InstanceType<typeof twiml.VoiceResponse>['say']>[0];

/** Seconds of silence in which a key may be pressed. */
const KEY_WITHIN_S = 8;
/** About a quarter of an hour of music, then the workflow is asked again. */
const MUSIC_LOOPS = 60;

/** Names nobody: Twilio keeps it. */
export function conferenceName({ callId, transferNumber }: Pick<Transfer, 'callId' | 'transferNumber'>): string {
  return `${callId}/${transferNumber}`;
}

/** Summary and question, the question once more, and no answer is a no. */
export function consultTwiml(request: ConsultRequest): string {
  const response = new twiml.VoiceResponse();
  gather(response, request, [request.summary, request.question].join(' '), request.language);
  gather(response, request, request.question, request.language);
  response.hangup();
  return response.toString();
}

/** The answer could not be delivered: it is asked for once more, by another gateway. */
export function askAgainTwiml(transfer: Transfer, question: string, language: string): string {
  const response = new twiml.VoiceResponse();
  gather(response, transfer, question, language);
  response.hangup();
  return response.toString();
}

/** The person has accepted. */
export function personJoinsTwiml(transfer: Transfer): string {
  const response = new twiml.VoiceResponse();
  conference(response.dial(), transfer);
  return response.toString();
}

/** What comes after the talk of the two, or where the person is gone, is for the workflow to say. */
export function callerJoinsTwiml(request: BridgeRequest): string {
  const response = new twiml.VoiceResponse();
  conference(response.dial({ action: webhookUrl(request.gatewayUrl, 'continue', request) }), request);
  return response.toString();
}

export function holdTwiml({
  musicUrl,
  gatewayUrl,
  ...call
}: Pick<HoldRequest, 'musicUrl' | 'gatewayUrl' | 'callId'> & { nonce?: string }): string {
  const response = new twiml.VoiceResponse();
  response.play({ loop: MUSIC_LOOPS }, musicUrl);
  response.redirect(continueUrl(gatewayUrl, call));
  return response.toString();
}

function gather(response: InstanceType<typeof twiml.VoiceResponse>, transfer: Transfer, text: string, language: string): void {
  response
    // Every key is an answer, also the one that usually ends an entry.
    .gather({
      input: ['dtmf'],
      numDigits: 1,
      finishOnKey: '',
      timeout: KEY_WITHIN_S,
      action: webhookUrl(transfer.gatewayUrl, 'consultAnswer', transfer),
      method: 'POST',
    })
    .say({ language } as Say, text);
}

function conference(dial: ReturnType<InstanceType<typeof twiml.VoiceResponse>['dial']>, transfer: Transfer): void {
  dial.conference(
    {
      beep: 'false',
      endConferenceOnExit: true,
      maxParticipants: 2,
      // Told when the second one comes in.
      statusCallback: webhookUrl(transfer.gatewayUrl, 'consultBridged', transfer),
      statusCallbackEvent: ['start'],
    },
    conferenceName(transfer),
  );
}
