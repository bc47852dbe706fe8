/** Every TwiML document the product sends, built by the package's own builder (which escapes). */
import { twiml } from 'twilio';
import type { TransferRequest } from '../../contracts/carrier';
import { continueUrl, mediaUrl, webhookUrl } from './urls';

export interface StreamTarget {
  callId: string;
  gatewayUrl: string;
  /** Asked for the next instruction when the stream has ended: another gateway, because this one may be why it ended. */
  fallbackGatewayUrl: string;
  token: string;
}

export function streamTwiml(target: StreamTarget): string {
  return thenStream(new twiml.VoiceResponse(), target);
}

/** Presses keys, and goes on with a stream. */
export function digitsTwiml(target: StreamTarget & { digits: string }): string {
  const response = new twiml.VoiceResponse();
  response.play({ digits: target.digits });
  return thenStream(response, target);
}

function thenStream(response: InstanceType<typeof twiml.VoiceResponse>, target: StreamTarget): string {
  response
    .connect()
    .stream({ url: mediaUrl(target.gatewayUrl), statusCallback: webhookUrl(target.gatewayUrl, 'stream', target) })
    .parameter({ name: 'token', value: target.token });
  response.redirect(continueUrl(target.fallbackGatewayUrl, target));
  return response.toString();
}

/** Connects the caller with a person. Twilio asks the action URL what comes next, however the dial ends. */
export function transferTwiml(request: TransferRequest): string {
  const response = new twiml.VoiceResponse();
  response
    .dial({
      action: webhookUrl(request.gatewayUrl, 'transferEnded', request),
      timeout: Math.ceil(request.ringTimeoutMs / 1_000),
      callerId: request.from,
    })
    .number(
      {
        statusCallback: webhookUrl(request.gatewayUrl, 'transferStatus', request),
        statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'],
      },
      request.to,
    );
  return response.toString();
}

/** Asks again at `url` after `ms` (whole seconds, at least one). */
export function waitTwiml(ms: number, url: string): string {
  const response = new twiml.VoiceResponse();
  response.pause({ length: Math.max(1, Math.ceil(ms / 1_000)) });
  response.redirect(url);
  return response.toString();
}

/** Of a call that came in and was not answered: it costs nothing. */
export function rejectTwiml(reason: 'busy' | 'rejected'): string {
  const response = new twiml.VoiceResponse();
  response.reject({ reason });
  return response.toString();
}

export function hangupTwiml(): string {
  const response = new twiml.VoiceResponse();
  response.hangup();
  return response.toString();
}
