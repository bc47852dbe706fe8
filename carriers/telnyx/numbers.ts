/**
 * Numbers of the account: a number's calls go to the Call Control application that it is assigned to, and are announced at the application's webhook
 * URL. That URL is one for all numbers of the application.
 */
import type Telnyx from 'telnyx';
import type { CallControlApplication } from 'telnyx/resources/call-control-applications';
import type { CarrierNumbers, NumberRouting } from '../../contracts/carrier-numbers';
import { PatterError } from '../../contracts/errors';
import { webhookUrl } from '../urls';
import { isAbsent, readError } from './outcome';

const PAGE_SIZE = 250;
/** What stands in Telnyx' examples, because no application is made without an address: nobody's. */
const EXAMPLE = /^https?:\/\/(?:[^/]+\.)?example\.(?:com|net|org)(?:[:/]|$)/i;

export class TelnyxNumbers implements CarrierNumbers {
  constructor(
    private readonly client: Telnyx,
    private readonly connectionId: string,
  ) {}

  async list(): Promise<string[]> {
    const numbers: string[] = [];
    try {
      for await (const number of this.client.phoneNumbers.list({ 'page[size]': PAGE_SIZE })) {
        if (number.phone_number) numbers.push(number.phone_number);
      }
    } catch (error) {
      throw readError(error);
    }
    return numbers;
  }

  /** `target` is whatever `point` would take the calls away from: another connection, and what our application announces its calls to. */
  async routing(number: string, publicUrl: string): Promise<NumberRouting | undefined> {
    const found = await this.find(number);
    if (!found) return undefined;
    const { connectionId } = found;
    const application = await this.application();
    const announced = announcesAt(application, publicUrl);
    const own = webhookUrl(publicUrl, 'telnyxInbound');
    if (connectionId === this.connectionId && announced) return { number, target: own, ours: true };
    const others = [
      connectionId === undefined || connectionId === this.connectionId ? undefined : `connection ${connectionId}`,
      ...(announced ? [] : addressesOf(application).filter((url) => url !== own && !EXAMPLE.test(url))),
    ].filter((one) => one !== undefined);
    return {
      number,
      target: others.length === 0 ? undefined : others.join(' and '),
      ours: false,
      ...(announced ? {} : { alsoMoves: `every number of the Call Control application ${this.connectionId}` }),
    };
  }

  /** The application first: a number that came before its address would announce a call elsewhere. Its fail-over address goes with the one it stood in for. */
  async point(number: string, publicUrl: string, fallbackUrl?: string): Promise<void> {
    const found = await this.find(number);
    if (!found) throw new PatterError('PATTER_NUMBER_NOT_OWNED', `The Telnyx account does not own ${number}.`);
    const application = await this.application();
    try {
      if (!announcesAt(application, publicUrl)) {
        await this.client.callControlApplications.update(this.connectionId, {
          // Telnyx takes no change without it.
          application_name: application.application_name || 'Patter',
          webhook_event_url: webhookUrl(publicUrl, 'telnyxInbound'),
          webhook_event_failover_url: fallbackUrl === undefined ? null : webhookUrl(fallbackUrl, 'telnyxInbound'),
          webhook_api_version: '2',
        });
      }
      if (found.connectionId !== this.connectionId) await this.client.phoneNumbers.update(found.id, { connection_id: this.connectionId });
    } catch (error) {
      throw readError(error);
    }
  }

  private async find(number: string): Promise<{ id: string; connectionId: string | undefined } | undefined> {
    try {
      for await (const one of this.client.phoneNumbers.list({ filter: { phone_number: number }, 'page[size]': PAGE_SIZE })) {
        if (one.phone_number === number && one.id) return { id: one.id, connectionId: one.connection_id || undefined };
      }
      return undefined;
    } catch (error) {
      throw readError(error);
    }
  }

  private async application(): Promise<CallControlApplication> {
    try {
      return (await this.client.callControlApplications.retrieve(this.connectionId)).data ?? {};
    } catch (error) {
      if (!isAbsent(error)) throw readError(error);
      throw new PatterError(
        'PATTER_CARRIER_REFUSED',
        `Telnyx has no Call Control application ${this.connectionId} (TELNYX_CONNECTION_ID).`,
        {
          cause: error,
        },
      );
    }
  }
}

/** In the format that we read: version 1 is another. */
function announcesAt({ webhook_event_url: url, webhook_api_version: version }: CallControlApplication, publicUrl: string): boolean {
  return url === webhookUrl(publicUrl, 'telnyxInbound') && version !== '1';
}

function addressesOf({ webhook_event_url: url, webhook_event_failover_url: failover }: CallControlApplication): string[] {
  return [url, failover].flatMap((one) => one || []);
}
