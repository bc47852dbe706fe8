/** Decision 6: a caller outlives a gateway by two routes, the carrier's own and ours. Whichever comes first wins. */
import { condition } from '@temporalio/workflow';
import { restreamCall } from './activities';
import type { CallState, Phase } from './call-state';
import { askCarrier } from './ending';
import { MAX_ATTACHMENTS } from './next-instruction';

/** The carrier turns to the fall-back gateway at once when it does at all. */
const CARRIER_ROUTE_MS = 1_500;
/** From the instruction or the request to an open stream. */
const STREAM_OPENS_MS = 6_000;
const TRIES = 3;

export async function reconnecting(state: CallState): Promise<Phase> {
  const had = state.attachments;
  const connected = () => state.attachments > had;
  const over = () => state.leg.end !== undefined || state.mustStop;
  for (let attempt = 0; attempt < TRIES && had < MAX_ATTACHMENTS; attempt++) {
    const asked = state.instructionsAsked;
    const carrierRoute = () => state.instructionsAsked > asked;
    if (attempt === 0 && (await condition(() => connected() || over() || carrierRoute(), CARRIER_ROUTE_MS)) && carrierRoute()) {
      await condition(() => connected() || over(), STREAM_OPENS_MS);
    }
    if (!connected() && !over()) {
      await ourRoute(state);
      if (!over()) await condition(() => connected() || over(), STREAM_OPENS_MS);
    }
    if (connected()) return { kind: 'talking' };
    if (over()) break;
  }
  if (state.mustStop) state.endedByUs = state.stop?.reason;
  return { kind: 'ending', hangUp: state.leg.end === undefined };
}

async function ourRoute(state: CallState): Promise<void> {
  const { carrierCallId, input } = state;
  if (!carrierCallId) return;
  try {
    await restreamCall({ callId: input.callId, carrierCallId, attachment: state.attachments + 1 });
  } catch {
    // Refused because the call is over, or because no gateway lives: the carrier knows which.
    await askCarrier(state);
  }
}
