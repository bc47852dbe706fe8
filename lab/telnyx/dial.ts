/** `POST /v2/calls`: what is wrong with the request, else a leg that is being dialled. */
import type Telnyx from 'telnyx';
import { TelnyxApiError } from './errors';
import { Leg, type LegParams } from './leg';
import { Line } from './line';
import type { TelnyxNetwork } from './network';
import { recordingOptions, startRecording } from './record';
import { streamOptions } from './stream-options';

const E164 = /^\+[1-9]\d{6,14}$/;
const DEFAULT_TIMEOUT_S = 30;
const DEFAULT_TIME_LIMIT_S = 14_400;
const TIMEOUT_S = { least: 5, most: 600 } as const;

/** @throws TelnyxApiError */
export function dialCall(network: TelnyxNetwork, body: Partial<Telnyx.CallDialParams>): Leg {
  const { connection_id: connectionId, to } = body;
  if (connectionId === undefined) throw new TelnyxApiError('10004', undefined, '/connection_id');
  if (to === undefined) throw new TelnyxApiError('10004', undefined, '/to');
  if (typeof to !== 'string') throw new TelnyxApiError('10015', 'The lab dials one number at a time.', '/to');
  if (!network.application(connectionId)) {
    throw new TelnyxApiError('10017', `There is no active connection ${connectionId}.`, '/connection_id');
  }
  const linked = body.link_to === undefined ? undefined : network.legs.get(body.link_to);
  if (body.link_to !== undefined && !linked) throw new TelnyxApiError('90015', undefined, '/link_to');
  if ((body.bridge_intent || body.bridge_on_answer || body.park_after_unbridge) && !linked) {
    throw new TelnyxApiError('10004', 'link_to is required.', '/link_to');
  }
  const from = body.bridge_intent && linked ? linked.params.from : body.from;
  checkNumbers(network, from, to);

  const stream = streamOptions(body);
  const recording = recordingOptions(body);
  network.countDial();
  const leg = new Leg(network, {
    ...legDefaults(body),
    to,
    from: from as string,
    connectionId,
    webhookUrl: body.webhook_url,
    webhookUrls: body.webhook_urls,
    clientState: body.client_state,
    linkedTo: linked,
    initialState: body.bridge_intent ? 'bridging' : 'parked',
    stream: stream && { options: stream, beforeDialing: body.stream_establish_before_call_originate === true },
    parkAfterUnbridge: body.park_after_unbridge === 'self',
    answered: (answered) => {
      if (recording) startRecording(answered, recording);
      if (body.send_digits_on_answer) answered.entry.dtmfHeard = body.send_digits_on_answer;
      if (body.bridge_on_answer && linked?.isAnswered) Line.bridge(linked.line, answered.line);
    },
  });
  leg.dial();
  return leg;
}

/** @throws TelnyxApiError */
export function checkNumbers(network: TelnyxNetwork, from: string | undefined, to: string): void {
  if (from === undefined) throw new TelnyxApiError('10004', undefined, '/from');
  if (!E164.test(to)) throw new TelnyxApiError('10016', `${to} is not in +E.164 format.`, '/to');
  if (!E164.test(from)) throw new TelnyxApiError('10016', `${from} is not in +E.164 format.`, '/from');
  if (network.casting.peek(to).persona.kind === 'invalid') throw new TelnyxApiError('10002', undefined, '/to');
  if (!network.owned(from)) {
    throw new TelnyxApiError('10010', `The caller ID ${from} is not a number of the account, nor verified: D35.`, '/from');
  }
}

/** What dial and transfer have in common. @throws TelnyxApiError */
export function legDefaults(
  body: Pick<
    Telnyx.CallDialParams,
    'timeout_secs' | 'time_limit_secs' | 'custom_headers' | 'answering_machine_detection' | 'answering_machine_detection_config'
  >,
): Pick<LegParams, 'direction' | 'timeoutMs' | 'timeLimitMs' | 'customHeaders' | 'detection'> {
  const timeout = body.timeout_secs ?? DEFAULT_TIMEOUT_S;
  if (!(timeout >= TIMEOUT_S.least && timeout <= TIMEOUT_S.most)) {
    throw new TelnyxApiError('10015', `timeout_secs is ${timeout}; allowed are ${TIMEOUT_S.least} to ${TIMEOUT_S.most}.`, '/timeout_secs');
  }
  const mode = body.answering_machine_detection ?? 'disabled';
  return {
    direction: 'outgoing',
    timeoutMs: timeout * 1000,
    timeLimitMs: (body.time_limit_secs ?? DEFAULT_TIME_LIMIT_S) * 1000,
    customHeaders: body.custom_headers ?? [],
    detection: mode === 'disabled' ? undefined : { mode, config: body.answering_machine_detection_config ?? {} },
  };
}
