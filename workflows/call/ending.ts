/** Nothing is left to say: the carrier's last word is awaited for a while, then asked for. */
import { condition, patched, sleep } from '@temporalio/workflow';
import type { CarrierCall } from '../../contracts/carrier';
import { fetchCarrierCall, hangupCall } from './activities';
import { Alarm } from './alarm';
import type { CallState, Phase } from './call-state';
import { lookAtTheEnd, takeVerdict } from './lost-verdict';

const CARRIER_END_MS = 10_000;
const REPORT_MS = 10_000;
/** Its gateway may live, with the report on disk, and only have been cut off from Temporal. */
const LATE_REPORT_MS = 5_000;
/** Answered, and no stream: a gateway may have talked without us, and is about to tell. */
const UNTOLD_TALK_MS = 5_000;
const LOOKS = 5;
const LOOK_EVERY_MS = 2_000;

export async function ending(state: CallState, hangUp: boolean): Promise<Phase> {
  if (!state.leg.end && !hangUp) {
    const alarm = new Alarm(CARRIER_END_MS);
    await condition(() => state.leg.end !== undefined || alarm.rang || state.mustStop);
  }
  if (!state.leg.end) await bringAbout(state);
  if (state.attachments === 0 && state.leg.answeredAt !== undefined && !state.refusal && patched('untold-talk')) {
    await condition(() => state.attachments > 0, UNTOLD_TALK_MS);
  }
  // A gateway hears of the end itself, and one that is dead is noticed by its heartbeat.
  if (state.liveConversation) await condition(() => state.liveConversation === undefined, REPORT_MS);
  state.liveConversation?.cancel();
  const last = state.conversation;
  if (last?.result?.kind === 'lost' && patched('late-report')) await condition(() => last.result?.kind === 'report', LATE_REPORT_MS);
  await lookAtTheEnd(state);
  return { kind: 'settling' };
}

/** Asks the carrier how the call stands; silence changes nothing. */
export async function askCarrier(state: CallState): Promise<void> {
  const { carrierCallId, input } = state;
  if (!carrierCallId) return;
  try {
    const call = await fetchCarrierCall({ callId: input.callId, carrierCallId });
    if (call) onFetched(state, call);
    // A call that the carrier does not know any more is over.
    else state.leg.end ??= { status: 'failed', at: Date.now() };
  } catch {
    // Not known: whoever asked goes by what is known.
  }
}

function onFetched(state: CallState, call: CarrierCall): void {
  state.leg.onFetched(call, Date.now());
  takeVerdict(state, call);
}

async function bringAbout(state: CallState): Promise<void> {
  const { carrierCallId, input } = state;
  if (!carrierCallId) return;
  try {
    const call = await hangupCall({ callId: input.callId, carrierCallId });
    if (call) onFetched(state, call);
  } catch {
    // The carrier does not answer; its own time limit ends the call.
  }
  for (let look = 0; look < LOOKS && !state.leg.end; look++) {
    await askCarrier(state);
    if (!state.leg.end) await sleep(LOOK_EVERY_MS);
  }
}
