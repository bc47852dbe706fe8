/** A stream or a transfer has ended and Twilio asks what comes next. The workflow knows; Twilio waits 15 s for it. */
import { randomBytes } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import { callSidOf, hangupTwiml, streamTwiml, waitTwiml, webhookUrl } from '../carriers/twilio';
import type { NextInstruction } from '../contracts/call';
import { PatterError } from '../contracts/errors';
import { signCallToken } from '../runtime/call-token';
import type { GatewayContext } from './gateway-context';
import type { WebhookRequest } from './webhooks';

/** How often the workflow was asked in vain, in the query of the address that Twilio is sent back to. */
export interface ContinueQuery {
  unanswered?: string;
}

const INSTRUCTION_DEADLINE_MS = 8_000;
const ASK_AGAIN_MS = 1_000;
/** Longer than a gateway takes to start again. */
const NOBODY_YET_MS = 15_000;
/** Then the caller gets a new stream: its attach waits for the workflow too, and by then a voice may be there. */
const MAX_UNANSWERED = 3;
/** From the answer to this request to the stream's start message. */
const TOKEN_LIFETIME_S = 120;

export async function continueCall(request: WebhookRequest, reply: FastifyReply, gateway: GatewayContext): Promise<string> {
  const { callId } = request.params;
  const carrierCallId = callSidOf(request.body);
  if (!carrierCallId) throw new PatterError('PATTER_STREAM_PROTOCOL', 'CallSid is missing');
  reply.type('text/xml; charset=utf-8');
  if (gateway.admission.draining && !gateway.neighbourUrl) {
    // Nobody takes the call yet. The workflow does not hear of this question and goes its own way: it takes the call out of this pause.
    return waitTwiml(NOBODY_YET_MS, webhookUrl(gateway.fallbackUrl, 'continue', { callId }));
  }
  const unanswered = Number(/^\d$/.exec(request.query.unanswered ?? '')?.[0] ?? 0);
  let instruction: NextInstruction;
  try {
    instruction = await gateway.link.nextInstruction(callId, { gatewayId: gateway.gatewayId, carrierCallId }, INSTRUCTION_DEADLINE_MS);
  } catch (error) {
    gateway.log.warn({ callId, carrierCallId, unanswered, err: error }, 'the workflow did not say what comes next');
    if (unanswered + 1 < MAX_UNANSWERED) {
      return waitTwiml(ASK_AGAIN_MS, `${webhookUrl(gateway.publicUrl, 'continue', { callId })}?unanswered=${unanswered + 1}`);
    }
    // Which attachment it will be is the workflow's count; the claim only has to be there.
    instruction = { kind: 'stream', attachment: 1 };
  }
  gateway.log.info({ callId, carrierCallId, instruction }, 'the carrier goes on');
  switch (instruction.kind) {
    case 'hangup':
      return hangupTwiml();
    case 'wait':
      return waitTwiml(instruction.ms, webhookUrl(gateway.publicUrl, 'continue', { callId }));
    case 'stream': {
      const expiresAt = Math.ceil(gateway.clock.now() / 1_000) + TOKEN_LIFETIME_S;
      const claims = { c: callId, a: instruction.attachment, n: randomBytes(12).toString('base64url'), e: expiresAt };
      return streamTwiml({
        callId,
        // A gateway that goes or is full streams the caller to its neighbour: the token is as good there.
        gatewayUrl: (gateway.admission.refusal() && gateway.neighbourUrl) || gateway.publicUrl,
        fallbackGatewayUrl: gateway.fallbackUrl,
        token: signCallToken(claims, gateway.secretKey),
      });
    }
  }
}
