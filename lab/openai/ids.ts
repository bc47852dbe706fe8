import { randomBytes } from 'node:crypto';

/** `item_5f…`: unique, in the vendor's style. */
export function newId(prefix: 'event' | 'sess' | 'item' | 'resp' | 'call' | 'conv' | 'msg' | 'chatcmpl'): string {
  return `${prefix}_${randomBytes(12).toString('hex')}`;
}
