/** The file of an inbound line: a phone number and who answers it. docs/inbound.md explains every field. */
import { z } from 'zod';
import { type CampaignSpec, campaignFileSchema, e164 } from './campaign';
import type { CarrierName } from './carrier';

/** A campaign file without whom, when and how often to call; its numbers are `number`. */
export const lineFileSchema = z.strictObject({
  name: campaignFileSchema.shape.name,
  /** The number that people call. Calls of the agent to others (a transfer) show it too. */
  number: e164,
  carrier: campaignFileSchema.shape.carrier,
  agent: campaignFileSchema.shape.agent,
  transfer: campaignFileSchema.shape.transfer,
  recording: campaignFileSchema.shape.recording,
  postCall: campaignFileSchema.shape.postCall,
});

export type LineFile = z.input<typeof lineFileSchema>;
export type LineSpec = z.output<typeof lineFileSchema>;

/**
 * A line is stored as a campaign that calls nobody: everything that belongs to a call (settlement, report, webhooks, erasure) then works as it is.
 * Nobody is asked whether a machine has called.
 */
export function campaignOfLine(line: LineSpec): CampaignSpec {
  const { number, ...shared } = line;
  const filled = campaignFileSchema.parse({
    name: line.name,
    from: [number],
    agent: { engine: { type: 'openai-realtime' }, systemPrompt: 'x' },
    dialing: { machineDetection: false },
  });
  return { ...filled, ...shared };
}

/** What a gateway knows of a call that comes in. It travels to the call's workflow sealed: a workflow's input is no place for who calls whom. */
export interface InboundCallFacts {
  /** E.164; undefined where the caller withholds it. */
  from: string | undefined;
  /** E.164: the number that was called. */
  to: string;
  /** What the carrier passed on of the call: SIP headers and the like. */
  parameters: Readonly<Record<string, string>>;
}

/** Part of a call workflow's input: the call is there already, and nobody is dialled. */
export interface InboundCall {
  carrier: CarrierName;
  carrierCallId: string;
  /** Who was told of the call, and holds it. */
  gatewayId: string;
  /** `InboundCallFacts`, readable only with PATTER_SECRET_KEY. */
  sealed: string;
}

/** Instead of a number, where the caller withholds it. */
export const ANONYMOUS_CALLER = 'anonymous';
