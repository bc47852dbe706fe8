/** Where the account's numbers send their calls. */
import type { Twilio } from 'twilio';
import type { IncomingPhoneNumberInstance } from 'twilio/lib/rest/api/v2010/account/incomingPhoneNumber';
import type { CarrierNumbers, NumberRouting } from '../../contracts/carrier-numbers';
import { PatterError } from '../../contracts/errors';
import { readError } from './errors';
import { webhookUrl } from './urls';

/** What Twilio writes into a number that was just bought: nobody's. */
const TWILIO_DEMO = /^https:\/\/demo\.twilio\.com\//;

export class TwilioNumbers implements CarrierNumbers {
  constructor(private readonly client: Twilio) {}

  async routing(number: string, publicUrl: string): Promise<NumberRouting | undefined> {
    const found = await this.find(number);
    if (!found) return undefined;
    const target = targetOf(found);
    const ours =
      target === webhookUrl(publicUrl, 'twilioVoice') && found.voiceMethod === 'POST' && found.statusCallback === statusUrl(publicUrl);
    return { number, target, ours };
  }

  async isVerifiedCallerId(number: string): Promise<boolean> {
    try {
      const found = await this.client.outgoingCallerIds.list({ phoneNumber: number, limit: 20 });
      return found.some(({ phoneNumber }) => phoneNumber === number);
    } catch (error) {
      throw readError(error);
    }
  }

  /** One request sets all of it, so that no call finds half. What would win over the voice URL is taken away. */
  async point(number: string, publicUrl: string, fallbackUrl?: string): Promise<void> {
    const found = await this.find(number);
    if (!found) throw new PatterError('PATTER_NUMBER_NOT_OWNED', `The Twilio account does not own ${number}.`);
    try {
      await this.client.incomingPhoneNumbers(found.sid).update({
        voiceUrl: webhookUrl(publicUrl, 'twilioVoice'),
        voiceMethod: 'POST',
        // Asked when the first is away; a repeat of the same call is harmless.
        voiceFallbackUrl: webhookUrl(fallbackUrl ?? publicUrl, 'twilioVoice'),
        voiceFallbackMethod: 'POST',
        statusCallback: statusUrl(publicUrl),
        statusCallbackMethod: 'POST',
        voiceApplicationSid: '',
        trunkSid: '',
      });
    } catch (error) {
      throw readError(error);
    }
  }

  private async find(number: string): Promise<IncomingPhoneNumberInstance | undefined> {
    try {
      const found = await this.client.incomingPhoneNumbers.list({ phoneNumber: number, limit: 20 });
      // The filter finds parts of numbers too.
      return found.find(({ phoneNumber }) => phoneNumber === number);
    } catch (error) {
      throw readError(error);
    }
  }
}

function statusUrl(publicUrl: string): string {
  return webhookUrl(publicUrl, 'twilioVoiceStatus');
}

/** In the order in which Twilio goes by them. */
function targetOf(number: IncomingPhoneNumberInstance): string | undefined {
  if (number.trunkSid) return `SIP trunk ${number.trunkSid}`;
  if (number.voiceApplicationSid) return `TwiML application ${number.voiceApplicationSid}`;
  const { voiceUrl } = number;
  return !voiceUrl || TWILIO_DEMO.test(voiceUrl) ? undefined : voiceUrl;
}
