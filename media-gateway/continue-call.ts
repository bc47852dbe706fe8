/** A stream or a transfer has ended: what the carrier is to do with the caller now. The workflow knows. */
import { randomBytes } from 'node:crypto';
import { webhookUrl } from '../carriers';
import type { NextInstruction } from '../contracts/call';
import { signCallToken } from '../runtime/call-token';
import type { GatewayContext } from './gateway-context';

export interface ContinueRequest {
  callId: string;
  carrierCallId: string;
  /** How often the workflow was asked in vain. */
  unanswered: number;
  /** Of the stream that is over, from a carrier that keeps the call meanwhile. */
  endedNonce?: string;
  /** Of the stream before the question, from a carrier that waits for the answer; '' where that is not known. */
  afterNonce?: string;
}

export type Continuation =
  | { kind: 'hangup' }
  /** Nothing is to be done. */
  | { kind: 'leave' }
  /** Music until another request takes the caller away. */
  | { kind: 'hold'; musicUrl: string; gatewayUrl: string }
  /** Ask again after `ms`, here or at the neighbour. */
  | { kind: 'wait'; ms: number; ask: 'here' | 'neighbour'; unanswered: number }
  /** Where the next stream goes, with the token that opens it. */
  | { kind: 'stream'; target: StreamTarget };

export interface StreamTarget {
  callId: string;
  gatewayUrl: string;
  fallbackGatewayUrl: string;
  token: string;
}

const INSTRUCTION_DEADLINE_MS = 8_000;
const ASK_AGAIN_MS = 1_000;
/** Longer than a gateway takes to start again. */
const NOBODY_YET_MS = 15_000;
/** Then the caller gets a new stream: its attach waits for the workflow too, and by then a voice may be there. */
const MAX_UNANSWERED = 3;
/** From the answer to this request to the stream's start message. */
const TOKEN_LIFETIME_S = 120;

export async function continueCall(gateway: GatewayContext, request: ContinueRequest): Promise<Continuation> {
  const { callId, carrierCallId, unanswered, endedNonce, afterNonce } = request;
  // Nobody takes the call yet. The workflow does not hear of this question and goes its own way: it takes the call out of this pause.
  if (gateway.admission.draining && !gateway.neighbourUrl) return { kind: 'wait', ms: NOBODY_YET_MS, ask: 'neighbour', unanswered: 0 };
  let instruction: NextInstruction;
  try {
    const about = { ...(endedNonce !== undefined && { endedNonce }), ...(afterNonce !== undefined && { afterNonce }) };
    const question = { gatewayId: gateway.gatewayId, carrierCallId, ...about };
    instruction = await gateway.link.nextInstruction(callId, question, INSTRUCTION_DEADLINE_MS);
  } catch (error) {
    gateway.log.warn({ callId, carrierCallId, unanswered, err: error }, 'the workflow did not say what comes next');
    if (unanswered + 1 < MAX_UNANSWERED) return { kind: 'wait', ms: ASK_AGAIN_MS, ask: 'here', unanswered: unanswered + 1 };
    // Which attachment it will be is the workflow's count; the first, which may greet before the workflow has answered, was another stream's.
    instruction = { kind: 'stream', attachment: 2 };
  }
  gateway.log.info({ callId, carrierCallId, instruction }, 'the carrier goes on');
  switch (instruction.kind) {
    case 'hangup':
    case 'leave':
      return instruction;
    case 'hold':
      return { kind: 'hold', musicUrl: webhookUrl(gateway.publicUrl, 'holdMusic'), gatewayUrl: gateway.publicUrl };
    case 'wait':
      return { kind: 'wait', ms: instruction.ms, ask: 'here', unanswered: 0 };
    case 'stream':
      return { kind: 'stream', target: streamTarget(gateway, callId, instruction.attachment) };
  }
}

/** Where the carrier streams the call to now, with a new token. */
export function streamTarget(gateway: GatewayContext, callId: string, attachment: number): StreamTarget {
  const expiresAt = Math.ceil(gateway.clock.now() / 1_000) + TOKEN_LIFETIME_S;
  const claims = { c: callId, a: attachment, n: randomBytes(12).toString('base64url'), e: expiresAt };
  return {
    callId,
    // A gateway that goes or is full streams the caller to its neighbour: the token is as good there.
    gatewayUrl: (gateway.admission.refusal() && gateway.neighbourUrl) || gateway.publicUrl,
    fallbackGatewayUrl: gateway.fallbackUrl,
    token: signCallToken(claims, gateway.secretKey),
  };
}
