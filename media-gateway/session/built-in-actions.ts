import type { ConversationReport } from '../../contracts/call';
import { PatterError } from '../../contracts/errors';
import type { BuiltInCall, RecordingWish } from '../tools/built-in';

/** What a tool may do to the call it runs in. */
export interface CallActions {
  readonly live: boolean;
  readonly outbound: boolean;
  readonly canTransfer: boolean;
  /** Those of the prompt's template. */
  readonly transferNumbers: readonly string[];
  transfer(transfer: NonNullable<ConversationReport['transfer']>): void;
  /** @param farewell last words; absent: the agent has said them */
  end(farewell: string | undefined): void;
  optOut(): void;
  callback(callback: NonNullable<ConversationReport['callback']>): void;
  sendDigits(digits: string, toolCallId: string): Promise<string>;
  leaveVoicemail(): void;
  setRecording(wanted: RecordingWish, toolCallId: string): Promise<string>;
}

/** Does what the model asks of the call itself. @returns what the model is told @throws Error with what it is told instead */
export function runBuiltIn(call: BuiltInCall, toolCallId: string, actions: CallActions): string | Promise<string> {
  if (!actions.live) throw new Error('The call is over.');
  switch (call.name) {
    case 'transfer_call':
      if (!actions.canTransfer) throw new Error('Nobody is there to transfer to.');
      if (call.number !== undefined && !actions.transferNumbers.includes(call.number)) {
        throw new PatterError(
          'PATTER_TRANSFER_TARGET_UNKNOWN',
          'PATTER_TRANSFER_TARGET_UNKNOWN: nobody can be connected with this number. Leave it out, or give one of your instructions exactly.',
        );
      }
      actions.transfer(call.number === undefined ? { reason: call.reason } : { reason: call.reason, number: call.number });
      return JSON.stringify({ status: 'connecting' });
    case 'end_call':
      actions.end(call.farewell);
      return JSON.stringify({ status: 'ending, unless the caller goes on to speak' });
    case 'opt_out':
      actions.optOut();
      return JSON.stringify({ status: 'recorded and being confirmed' });
    case 'schedule_callback':
      actions.callback({ when: call.when, at: call.at });
      return JSON.stringify({ status: 'noted' });
    case 'send_dtmf':
      return actions.sendDigits(call.digits, toolCallId);
    case 'leave_voicemail':
      if (!actions.outbound) throw new Error('This caller is no machine.');
      actions.leaveVoicemail();
      return JSON.stringify({ status: 'the message is being left' });
    case 'set_recording':
      return actions.setRecording(call.wanted, toolCallId);
    default:
      return call satisfies never;
  }
}
