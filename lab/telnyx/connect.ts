/** Commands that connect two legs. */
import type Telnyx from 'telnyx';
import { checkNumbers, legDefaults } from './dial';
import { TelnyxApiError } from './errors';
import { Leg } from './leg';
import { Line } from './line';
import { recordingOptions, startRecording } from './record';

/** Calls somebody; when they answer, the two talk. The call goes on as it was if they do not. */
export function transfer(leg: Leg, body: Partial<Telnyx.Calls.ActionTransferParams>): undefined {
  const { to } = body;
  if (to === undefined) throw new TelnyxApiError('10004', undefined, '/to');
  const { network } = leg;
  const from = body.from ?? leg.params.to;
  checkNumbers(network, from, to);
  const recording = recordingOptions(body);
  const defaults = legDefaults(body);
  network.countDial();
  const target = new Leg(network, {
    ...defaults,
    to,
    from,
    connectionId: leg.params.connectionId,
    webhookUrl: body.webhook_url ?? leg.params.webhookUrl,
    clientState: body.target_leg_client_state,
    linkedTo: leg,
    initialState: 'bridging',
    stream: undefined,
    parkAfterUnbridge: false,
    answered: (answered) => {
      if (recording) startRecording(answered, recording);
      if (body.send_digits_on_answer) answered.entry.dtmfHeard = body.send_digits_on_answer;
      leg.answer();
      if (leg.isAnswered) Line.bridge(leg.line, answered.line);
    },
  });
  leg.parkAfterUnbridge = body.park_after_unbridge === 'self';
  // The caller hears the other phone ring.
  leg.phone?.lineOpened();
  leg.whenOver(() => {
    if (!target.isAnswered) target.end('originator_cancel', 'caller', 'parent', 487);
  });
  target.dial();
  return undefined;
}

/** On the wire: the package gives the other leg's id another name. */
export type BridgeBody = Omit<Telnyx.Calls.ActionBridgeParams, 'call_control_id_to_bridge_with'> & { call_control_id: string };

/** Two legs that were answered. Harmless to repeat. */
export function bridge(leg: Leg, body: Partial<BridgeBody>): undefined {
  const otherId = body.call_control_id;
  if (otherId === undefined) throw new TelnyxApiError('10004', undefined, '/call_control_id');
  const other = leg.network.legs.get(otherId);
  if (!other || other === leg) throw new TelnyxApiError('90015', undefined, '/call_control_id');
  if (other.isOver) throw new TelnyxApiError('90018');
  if (!other.isAnswered) throw new TelnyxApiError('90034');
  if (body.prevent_double_bridge && other.line.isBridged) throw new TelnyxApiError('10015', 'The other call is bridged already.');
  leg.parkAfterUnbridge = body.park_after_unbridge === 'self' || body.hold_after_unbridge === true;
  if (leg.line.isBridgedWith(other.line)) return undefined;
  other.entry.parentCallSid ??= leg.callControlId;
  Line.bridge(leg.line, other.line);
  return undefined;
}
