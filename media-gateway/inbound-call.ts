/**
 * A call that came in, on whichever carrier: its workflow is started, which admits it, and then it is answered into a stream. While Temporal is away
 * nothing is promised to anybody: the phone goes on ringing, and the carrier asks again.
 */
import { appOf } from '../contracts/agent';
import type { AttachResult } from '../contracts/call';
import { inboundCallId } from '../contracts/call-id';
import type { CarrierName } from '../contracts/carrier';
import { inboundDigest } from '../contracts/ids';
import type { InboundCallFacts } from '../contracts/line';
import { seal } from '../runtime/seal';
import { type StreamTarget, streamTarget } from './continue-call';
import type { GatewayContext } from './gateway-context';

export interface InboundRequest extends InboundCallFacts {
  carrier: CarrierName;
  carrierCallId: string;
  /** This is not the first question about the call, because an earlier one found no answer. */
  askedBefore: boolean;
}

export type InboundAnswer =
  | { kind: 'answer'; target: StreamTarget }
  /** `busy`: no room; `rejected`: nobody answers that number, or the call is over. */
  | { kind: 'refuse'; as: 'busy' | 'rejected' }
  /** Not known yet: to be asked again. */
  | { kind: 'ask_again' };

const START_DEADLINE_MS = 3_000;
/** With the start less than the carriers wait for an answer. */
const ATTACH_DEADLINE_MS = 6_000;

/**
 * Never rejects. A repeat, here or at another gateway, finds the same call.
 * @param onStarted told when the call has its workflow: it is not lost any more, whatever becomes of this process
 */
export async function takeInboundCall(
  gateway: GatewayContext,
  request: InboundRequest,
  onStarted: () => void = () => undefined,
): Promise<InboundAnswer> {
  const { askedBefore, carrier, carrierCallId, from, to, parameters } = request;
  const callId = callIdOf(request);
  const { config, gatewayId, link, log } = gateway;
  let result: AttachResult;
  let how: 'started' | 'known';
  try {
    const sealed = seal({ from, to, parameters }, gateway.secretKey, callId);
    const input = { tenantId: '', campaignId: '', contactId: '', callId, inbound: { carrier, carrierCallId, gatewayId, sealed } };
    how = await link.startInbound(input, config.PATTER_TASK_QUEUE, START_DEADLINE_MS);
    onStarted();
    log.info({ callId, carrierCallId, carrier, how }, 'a call comes in');
    result = await link.attach(callId, { gatewayId, carrierCallId }, `ringing/${gatewayId}/${carrierCallId}`, ATTACH_DEADLINE_MS);
  } catch (error) {
    log.warn({ callId, carrierCallId, err: error }, 'a call that came in waits for Temporal');
    return { kind: 'ask_again' };
  }
  if (result.kind === 'refused') {
    log.warn({ callId, carrierCallId, code: result.code, reason: result.reason }, 'a call that came in is refused');
    return { kind: 'refuse', as: result.code === 'PATTER_NO_GATEWAY' ? 'busy' : 'rejected' };
  }
  const app = result.setup ? appOf(result.setup.agent) : gateway.app;
  if (app !== gateway.app) return elsewhere(gateway, app, streamTarget(gateway, callId, result.attachment));
  const target = streamTarget(gateway, callId, result.attachment);
  // An announcement that comes again, while they talk or when all is over, opens no second session; a stream at the neighbour has its own there.
  const first = how === 'started' || (askedBefore && gateway.calls.of(callId).length === 0);
  if (result.setup && first && target.gatewayUrl === gateway.publicUrl) gateway.prewarm.keepWarm(result.setup, carrierCallId);
  return { kind: 'answer', target };
}

/** The number leads here, and its agent's code is in another process. */
async function elsewhere(gateway: GatewayContext, app: string | null, target: StreamTarget): Promise<InboundAnswer> {
  const { callId } = target;
  try {
    const gatewayUrl = await gateway.urlOfApp(app);
    if (gatewayUrl !== undefined) return { kind: 'answer', target: { ...target, gatewayUrl, fallbackGatewayUrl: gatewayUrl } };
    gateway.log.warn({ callId, app }, 'no process of the app whose number was called takes calls now');
  } catch (error) {
    gateway.log.warn({ callId, app, err: error }, 'who serves the app cannot be found out');
  }
  return { kind: 'ask_again' };
}

export function callIdOf({ carrier, carrierCallId }: { carrier: CarrierName; carrierCallId: string }): string {
  return inboundCallId(inboundDigest(carrier, carrierCallId));
}
