/** Telnyx' webhooks of a call that came in, until it is answered: they go to the address that the application has. */
import type { CarrierEvent } from '../../contracts/call';
import type { InboundCallFacts } from '../../contracts/line';
import { callParameters, numberIn } from '../call-parameters';
import { endOf } from './status';
import type { TelnyxEnvelope } from './webhooks';

export type TelnyxInboundNews =
  /** Somebody calls, and hears it ring. */
  | ({ kind: 'announced'; carrierCallId: string } & InboundCallFacts)
  /** The caller has given up, or something else that the call's workflow is to know. */
  | { kind: 'event'; carrierCallId: string; event: CarrierEvent };

/** Undefined: of an outgoing leg, not to a phone number, or nothing that anybody waits for. */
export function parseTelnyxInbound({ id, type, at, payload }: TelnyxEnvelope): TelnyxInboundNews | undefined {
  const carrierCallId = text(payload.call_control_id);
  if (!carrierCallId) return undefined;
  switch (type) {
    case 'call.initiated': {
      const to = numberIn(text(payload.to));
      if (payload.direction !== 'incoming' || !to) return undefined;
      return {
        kind: 'announced',
        carrierCallId,
        to,
        from: numberIn(text(payload.from)),
        parameters: callParameters(parametersOf(payload)),
      };
    }
    case 'call.hangup': {
      const { status, sipCode } = endOf(payload);
      const event: CarrierEvent = { kind: 'status', dedupeKey: id, carrierCallId, at, status, sequence: 3, ...(sipCode && { sipCode }) };
      return { kind: 'event', carrierCallId, event };
    }
    default:
      return undefined;
  }
}

/** `custom_headers` are the X- headers of the INVITE. */
function parametersOf(payload: Readonly<Record<string, unknown>>): [string, string | undefined][] {
  const headers: unknown[] = Array.isArray(payload.custom_headers) ? payload.custom_headers : [];
  return [
    ['caller_name', text(payload.caller_id_name)],
    ...headers.flatMap((header): [string, string | undefined][] => {
      const { name, value } = (header ?? {}) as { name?: unknown; value?: unknown };
      return typeof name === 'string' ? [[name.replace(/^X-/i, ''), text(value)]] : [];
    }),
  ];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
