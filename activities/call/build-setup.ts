/** From the campaign's file and the contact's row to what a gateway needs: the variables are put into the texts here, once. */
import type { CallRules } from '../../contracts/activities';
import type { AgentSpec, Variables } from '../../contracts/agent';
import type { CallSetup } from '../../contracts/call';
import type { CampaignSpec } from '../../contracts/campaign';
import { agentAsStored } from '../../contracts/sent-agent';
import type { SingleOptions } from '../../contracts/single-call';
import { customParamsOf, inboundParamsOf } from '../../policy/custom-params';
import { fillTemplate } from '../../policy/template';
import { fillAgent } from '../../policy/texts';
import { numbersInTemplate, transferOrder } from '../../policy/transfer-targets';

/** Where the prompt alone names whom to transfer to. */
const TRANSFER_RING_MS = 20_000;

export interface SetupSource {
  callId: string;
  tenantId: string;
  campaignId: string;
  contactId: string;
  spec: CampaignSpec;
  to: string;
  from: string;
  variables: Variables;
  single?: SingleOptions | null;
  /** Default `outbound`. `to` and `from` are then exchanged: `to` is the person's number in this type, and ours in the set-up. */
  direction?: CallSetup['direction'];
}

export function buildSetup(source: SetupSource): CallSetup {
  const { spec, direction = 'outbound' } = source;
  const variables = withDefaults(source.variables, spec.agent.variables);
  const fill = (text: string) => fillTemplate(text, variables);
  // From the template: what a variable puts in was not written by the developer.
  const transferNumbers = numbersInTemplate(spec.agent.systemPrompt);
  // What an earlier version stored has none of the newer fields.
  const agent: AgentSpec = fillAgent(agentAsStored(spec.agent), variables);
  return {
    callId: source.callId,
    campaignId: source.campaignId,
    contactId: source.contactId,
    tenantId: source.tenantId,
    direction,
    carrier: spec.carrier,
    to: direction === 'inbound' ? source.from : source.to,
    from: direction === 'inbound' ? source.to : source.from,
    agent,
    variables,
    // Of what came with the call, without the agent's own defaults.
    ...(direction === 'inbound' && { customParams: inboundParamsOf(source.variables) }),
    ...(source.single && { customParams: customParamsOf(source.single, variables) }),
    voicemailMessage: fill(spec.dialing.voicemailMessage),
    machineDetection: spec.dialing.machineDetection,
    // What an earlier version stored has none.
    ...(spec.dialing.answering && { answering: { ...spec.dialing.answering, screening: fill(spec.dialing.answering.screening) } }),
    canTransfer: spec.transfer !== undefined || transferNumbers.length > 0,
    ...(spec.transfer?.mode === 'warm' ? { transferMode: 'warm' as const } : {}),
    ...(transferNumbers.length > 0 ? { transferNumbers } : {}),
    ...(spec.recording && { recording: { consent: fill(spec.recording.consent), pausable: spec.recording.pausable } }),
  };
}

/** An empty value of the contact or call is none. What an earlier version stored has no defaults. */
function withDefaults(own: Variables, defaults: Variables | undefined): Variables {
  return { ...own, ...Object.fromEntries(Object.entries(defaults ?? {}).filter(([name]) => !own[name])) };
}

export function rulesFor(source: SetupSource, gatewayId: string): CallRules {
  const { spec } = source;
  return {
    setup: buildSetup(source),
    ringTimeoutMs: spec.dialing.ringTimeout,
    transferTargets: transferOrder(spec).length,
    transferRingTimeoutMs: spec.transfer?.ringTimeout ?? TRANSFER_RING_MS,
    ...(spec.transfer?.mode === 'warm' ? { transferMode: 'warm' as const } : {}),
    gatewayId,
  };
}
