/** Decision 6: a caller outlives a gateway by two routes, the carrier's own and ours. Whichever comes first wins. */
import { condition, patched } from '@temporalio/workflow';
import { commandGateway, restreamCall } from './activities';
import type { CallState, Conversation, Phase } from './call-state';
import { askCarrier } from './ending';
import { MAX_ATTACHMENTS } from './next-instruction';
import { afterTalk } from './talking';

/** The carrier turns to the fall-back gateway at once when it does at all. */
const CARRIER_ROUTE_MS = 1_500;
/** From the instruction or the request to an open stream. */
const STREAM_OPENS_MS = 6_000;
const TRIES = 3;

export async function reconnecting(state: CallState): Promise<Phase> {
  const had = state.attachments;
  const onHold = state.phase.kind === 'reconnecting' && state.phase.why === 'nobody_accepted';
  const pressingMs = state.keyPresses.pressingMs(state.conversation);
  const lost = state.conversation?.result?.kind === 'lost' ? state.conversation : undefined;
  const gateway: { answer?: 'alive' | 'gone' } = {};
  if (lost && patched('ask-a-silent-gateway')) void askGateway(state, lost).then((answer) => Object.assign(gateway, { answer }));
  const connected = () => state.attachments > had;
  const reported = () => lost?.result?.kind === 'report';
  const over = () => state.leg.end !== undefined || state.mustStop || reported();
  for (let attempt = 0; attempt < TRIES && had < MAX_ATTACHMENTS; attempt++) {
    const asked = state.instructionsAsked;
    const carrierRoute = () => state.instructionsAsked > asked;
    if (attempt === 0 && pressingMs > 0) {
      // A stream of ours would take the place of the keys.
      await condition(() => connected() || over(), pressingMs + STREAM_OPENS_MS);
      // A caller who hears music waits for us: the carrier has nothing to ask.
    } else if (attempt === 0 && !onHold) {
      await condition(() => connected() || over() || carrierRoute() || gateway.answer === 'alive', CARRIER_ROUTE_MS);
      if (carrierRoute() || gateway.answer === 'alive') await condition(() => connected() || over(), STREAM_OPENS_MS);
    }
    if (!connected() && !over()) {
      await ourRoute(state);
      if (!over()) await condition(() => connected() || over(), STREAM_OPENS_MS);
    }
    if (connected()) return { kind: 'talking' };
    if (over()) break;
  }
  if (lost?.result?.kind === 'report' && !state.leg.end && !state.mustStop) return afterTalk(state, lost, lost.result);
  if (state.mustStop) state.endedByUs = state.stop?.reason;
  return { kind: 'ending', hangUp: state.leg.end === undefined };
}

/**
 * Missed heartbeats do not always mean a dead gateway: Temporal itself may have been away while the caller talked on. One that still has the stream
 * is left alone and attaches it again.
 */
async function askGateway(state: CallState, { attachment, gatewayId, streamId }: Conversation): Promise<'alive' | 'gone'> {
  const { callId } = state.input;
  const command = { kind: 'reattach', commandId: `${callId}/${attachment}/reattach`, callId, streamId } as const;
  try {
    return (await commandGateway({ gatewayId, command })).delivered ? 'alive' : 'gone';
  } catch {
    return 'gone';
  }
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
