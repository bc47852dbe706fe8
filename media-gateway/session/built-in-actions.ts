import type { ConversationReport } from '../../contracts/call';
import type { BuiltInCall } from '../tools/built-in';

/** What a tool may do to the call it runs in. */
export interface CallActions {
  readonly live: boolean;
  readonly canTransfer: boolean;
  transfer(transfer: NonNullable<ConversationReport['transfer']>): void;
  /** @param farewell last words; absent: the agent has said them */
  end(farewell: string | undefined): void;
  optOut(): void;
  callback(callback: NonNullable<ConversationReport['callback']>): void;
}

/** Does what the model asks of the call itself. @returns what the model is told @throws Error with what it is told instead */
export function runBuiltIn(call: BuiltInCall, actions: CallActions): string {
  if (!actions.live) throw new Error('The call is over.');
  switch (call.name) {
    case 'transfer_call':
      if (!actions.canTransfer) throw new Error('Nobody is there to transfer to.');
      actions.transfer({ reason: call.reason });
      return JSON.stringify({ status: 'connecting' });
    case 'end_call':
      actions.end(call.farewell);
      return JSON.stringify({ status: 'ending, unless the caller goes on to speak' });
    case 'opt_out':
      actions.optOut();
      return JSON.stringify({ status: 'recorded and being confirmed' });
    case 'request_callback':
      actions.callback({ when: call.when, at: call.at });
      return JSON.stringify({ status: 'noted' });
    default:
      return call satisfies never;
  }
}
