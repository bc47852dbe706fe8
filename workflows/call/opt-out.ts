import { recordOptOut } from './activities';
import type { CallState } from './call-state';

/** Takes effect in every campaign while the call still goes on; the settlement holds it again, should this write not be through by then. */
export function noteOptOut(state: CallState, optOut: { by: 'voice' | 'key' | 'carrier'; text?: string }): void {
  if (state.optOut) return;
  state.optOut = { by: optOut.by, text: optOut.text };
  const written = () => {
    state.optOutWritten = true;
  };
  void recordOptOut({ callId: state.input.callId, by: optOut.by, text: optOut.text }).then(written, written);
}
