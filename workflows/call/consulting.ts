/**
 * A warm transfer: the caller hears music while people are asked, one after the other, whether they take the call.
 *
 *   consult ─► rings ─► answered ─► accepted ─► bridge ─► transferred
 *                 └── busy, no answer, machine, declined, hung up ──► the next person, or back to the agent
 *
 * Each person is called once, whatever dies in between: the intent is in the database before the request, and a request whose fate is not known is
 * looked up. A person whom nobody waits for any more is hung up on.
 */
import { CancellationScope, condition, isCancellation, log, patched } from '@temporalio/workflow';
import type { ConsultInput, ConsultReconciled, ConsultResult, TransferResultKind } from '../../contracts/transfer';
import { askPerson, bridge, consult, fetchCarrierCall, holdCaller, reconcileConsult, watchHold } from './activities';
import { Alarm } from './alarm';
import type { CallState, Phase } from './call-state';
import { type ConsultLeg, dismiss, legOf } from './consult-leg';
import { askCarrier } from './ending';
import { nextTransferNumber } from './transferring';

/** Beyond the ring time-out the carrier itself tells that nobody answered. */
const RING_GRACE_MS = 15_000;
/** The summary, the question twice, and time to think. */
const ANSWER_WITHIN_MS = 90_000;
/** From the request to two people who hear each other. */
const BRIDGED_WITHIN_MS = 8_000;
/** A carrier that has asked by itself also hangs up by itself when the answer was no. */
const HANGS_UP_ITSELF_MS = 1_000;
/** As in ./reconnecting: the carrier turns to the fall-back gateway at once when it does at all. */
const CARRIER_ROUTE_MS = 1_500;

/** `next`: this person does not take the call. */
type Asked = Phase | 'next';

export async function consulting(state: CallState, first: number): Promise<Phase> {
  const { carrierCallId, input, rules } = state;
  if (!carrierCallId || !rules) return { kind: 'ending', hangUp: true };
  const music = keepMusic(state, carrierCallId);
  try {
    for (let number: number | undefined = first; number !== undefined; number = nextTransferNumber(state, number)) {
      state.transferNumber = number;
      state.phase = { kind: 'consulting', transferNumber: number };
      const request = { callId: input.callId, carrierCallId, transferNumber: number, reason: state.transferReason };
      const asked = await ask(state, state.namedTarget === undefined ? request : { ...request, number: state.namedTarget }, music.stop);
      if (asked !== 'next') return asked;
    }
    return { kind: 'reconnecting', why: 'nobody_accepted' };
  } finally {
    music.stop();
  }
}

/** One person, from the request to the decision. */
async function ask(state: CallState, request: ConsultInput, stopMusic: () => void): Promise<Asked> {
  const leg = legOf(state, request.transferNumber);
  const had = state.attachments;
  const over = () => state.leg.end !== undefined || state.mustStop || state.attachments > had;
  const record = (result: TransferResultKind) =>
    state.transferRecords.push({ transferNumber: leg.transferNumber, result, humanCallId: leg.humanCallId });

  const placed = await place(leg, request);
  if (placed === 'nobody') return { kind: 'reconnecting', why: 'transfer_failed' };
  if (placed === 'not_called') {
    record('failed');
    return over() ? left(state) : 'next';
  }
  await decision(state, leg, request, placed.asks, over);
  if (over()) {
    await dismiss(state, leg);
    record('caller_left');
    return left(state);
  }
  if (leg.verdict === 'accepted' && !leg.end) {
    stopMusic();
    const connected = await connect(state, leg, request);
    record(
      connected === 'next' ? 'failed' : connected.kind === 'transferred' || state.transferredTo !== undefined ? 'accepted' : 'caller_left',
    );
    return connected;
  }
  record(resultOf(leg));
  if (leg.verdict === 'declined') await condition(() => leg.end !== undefined, HANGS_UP_ITSELF_MS);
  await dismiss(state, leg);
  return over() ? left(state) : 'next';
}

/** The request, and what became of it: who is rung is told by its answer, by the first callback, or by the carrier's list. */
async function place(leg: ConsultLeg, request: ConsultInput): Promise<{ asks: boolean } | 'not_called' | 'nobody'> {
  let answer: ConsultResult | 'lost' | undefined;
  void consult(request).then(
    (result) => {
      answer = result;
      if (result.kind === 'requested') leg.learn(result.humanCallId, result.to);
    },
    (error) => {
      log.warn('a consult gave no answer', { callId: request.callId, transferNumber: request.transferNumber, error: String(error) });
      answer = 'lost';
    },
  );
  await condition(() => answer !== undefined || leg.humanCallId !== undefined);
  // A callback was faster: the carrier has the call. Where it has to be told to ask, telling it in vain does no harm.
  if (answer === undefined) return { asks: true };
  if (answer !== 'lost') {
    switch (answer.kind) {
      case 'requested':
        return { asks: answer.asks };
      case 'refused':
        leg.dismissed = true;
        return 'not_called';
      case 'exhausted':
        return 'nobody';
      case 'unknown':
        break;
      default:
        answer satisfies never;
    }
  }
  if (leg.humanCallId === undefined) await reconcile(leg, request);
  if (leg.humanCallId !== undefined) return { asks: true };
  leg.dismissed = true;
  return 'not_called';
}

async function reconcile(leg: ConsultLeg, { callId, carrierCallId, transferNumber }: ConsultInput): Promise<void> {
  let found: ConsultReconciled | 'gave_up' | undefined;
  const scope = new CancellationScope();
  void scope
    .run(() => reconcileConsult({ callId, carrierCallId, transferNumber }))
    .then(
      (result) => {
        found = result;
        if (result.kind !== 'found') return;
        leg.learn(result.call.carrierCallId, result.to);
        leg.onFetched(result.call);
      },
      () => {
        found = 'gave_up';
      },
    );
  await condition(() => found !== undefined || leg.humanCallId !== undefined);
  if (found === undefined) scope.cancel();
}

/** Until the person has decided, has had enough time to, or the caller is gone. */
async function decision(state: CallState, leg: ConsultLeg, request: ConsultInput, asks: boolean, over: () => boolean): Promise<void> {
  const rings = new Alarm((state.rules?.transferRingTimeoutMs ?? 20_000) + RING_GRACE_MS);
  await condition(() => leg.answered || leg.decided || over() || rings.rang);
  if (rings.rang) await look(state, leg);
  else rings.cancel();
  if (!leg.answered || leg.decided || over()) return;
  if (asks && leg.humanCallId !== undefined) {
    const { callId, transferNumber, reason } = request;
    void askPerson({ callId, humanCallId: leg.humanCallId, transferNumber, reason }).catch((error) => {
      log.warn('a person was not asked', { callId, transferNumber, error: String(error) });
    });
  }
  const thinks = new Alarm(ANSWER_WITHIN_MS);
  await condition(() => leg.decided || over() || thinks.rang);
  if (!thinks.rang) thinks.cancel();
}

/** The person waits: caller and person are put together. */
async function connect(state: CallState, leg: ConsultLeg, request: ConsultInput): Promise<Asked> {
  const { callId, carrierCallId, transferNumber } = request;
  const humanCallId = leg.humanCallId as string;
  state.phase = { kind: 'consulting', transferNumber, connecting: true };
  let answer: Awaited<ReturnType<typeof bridge>> | 'lost' | undefined;
  void bridge({ callId, carrierCallId, humanCallId, transferNumber }).then(
    (result) => {
      answer = result;
    },
    () => {
      answer = 'lost';
    },
  );
  const apart = () => leg.end !== undefined || state.leg.end !== undefined || state.mustStop;
  await condition(() => answer !== undefined || (apart() && !leg.bridged));
  if (answer !== undefined && answer !== 'lost' && answer.kind === 'bridging') {
    leg.to = answer.to;
    await condition(() => leg.bridged || apart(), BRIDGED_WITHIN_MS);
    // The news of it went to a gateway that is dead: whoever is still there is connected.
    if (!leg.bridged && !apart()) {
      await look(state, leg);
      if (!leg.end) leg.bridged = true;
    }
  }
  if (leg.bridged) {
    state.transferredTo = leg.to ?? '';
    return { kind: 'transferred' };
  }
  await dismiss(state, leg);
  if (!state.leg.end) await askCarrier(state);
  if (state.leg.end || state.mustStop) return left(state);
  // The person left in the very moment, or the carrier would not: their caller is somewhere between stream and person.
  if (nextTransferNumber(state, transferNumber) !== undefined) await music(state, carrierCallId);
  return 'next';
}

function resultOf(leg: ConsultLeg): TransferResultKind {
  if (leg.verdict === 'machine' || leg.verdict === 'declined') return leg.verdict;
  // Accepted, and hung up before anything could be done about it.
  if (leg.verdict === 'accepted') return 'failed';
  return leg.answered ? 'declined' : 'unanswered';
}

/** The caller hung up, somebody stopped the call, or the agent has the caller already. */
function left(state: CallState): Phase {
  if (state.leg.end) return { kind: 'ending', hangUp: false };
  if (state.mustStop) {
    state.endedByUs = state.stop?.reason;
    return { kind: 'ending', hangUp: true };
  }
  return { kind: 'talking' };
}

async function look(state: CallState, leg: ConsultLeg): Promise<void> {
  if (leg.humanCallId === undefined) return;
  try {
    const call = await fetchCarrierCall({ callId: state.input.callId, carrierCallId: leg.humanCallId });
    if (call) leg.onFetched(call);
    else leg.end ??= { status: 'failed' };
  } catch {
    // Not known: what has been told stands.
  }
}

/** The music plays on the caller's stream. A gateway that dies takes it along: then the carrier itself asks what comes next and plays it, or it is told to. */
function keepMusic(state: CallState, carrierCallId: string): { stop: () => void } {
  const talk = state.conversation;
  const asked = state.instructionsAsked;
  const scope = new CancellationScope();
  let stopped = false;
  const elsewhere = () => stopped || state.instructionsAsked > asked || state.isOver;
  if (talk) {
    const { gatewayId, streamId } = talk;
    void scope
      .run(async () => {
        await watchHold({ callId: state.input.callId, gatewayId, streamId });
        await condition(elsewhere, CARRIER_ROUTE_MS);
        const waits = !stopped && !state.isOver && state.keptByCarrier;
        if (!elsewhere() || (waits && patched('music-by-command'))) await music(state, carrierCallId, gatewayId);
      })
      .catch(() => undefined);
  }
  return {
    stop: () => {
      if (stopped) return;
      stopped = true;
      scope.cancel();
    },
  };
}

async function music(state: CallState, carrierCallId: string, lostGatewayId?: string): Promise<void> {
  const { transferNumber } = state;
  try {
    await holdCaller({ callId: state.input.callId, carrierCallId, transferNumber, ...(lostGatewayId !== undefined && { lostGatewayId }) });
  } catch (error) {
    if (!isCancellation(error)) log.warn('a caller waits without music', { callId: state.input.callId, error: String(error) });
  }
}
