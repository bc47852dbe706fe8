/** Numbers of the account: a number's calls go to the Call Control application that it is assigned to, and the application has the webhook URL. */
import type Telnyx from 'telnyx';
import type { CarrierNumbers, NumberRouting } from '../../contracts/carrier-numbers';
import { PatterError } from '../../contracts/errors';
import { readError } from './outcome';

const PAGE_SIZE = 250;

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

  /** `target` is the application's id. Which URL the application has is its own setting: `TELNYX_CONNECTION_ID` names the application that is ours. */
  async routing(number: string, _publicUrl: string): Promise<NumberRouting | undefined> {
    const found = await this.find(number);
    if (!found) return undefined;
    return { number, target: found.connectionId, ours: found.connectionId === this.connectionId };
  }

  async point(number: string, _publicUrl: string): Promise<void> {
    const found = await this.find(number);
    if (!found) throw new PatterError('PATTER_CARRIER_REFUSED', `The Telnyx account does not own ${number}`);
    if (found.connectionId === this.connectionId) return;
    try {
      await this.client.phoneNumbers.update(found.id, { connection_id: this.connectionId });
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
}
