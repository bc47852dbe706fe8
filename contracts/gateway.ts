/** How processes find and address gateways. */
import { z } from 'zod';

export const gatewayRegistrationSchema = z.object({
  gatewayId: z.string(),
  /** What the carrier calls; several gateways behind a balancer share one. */
  publicUrl: z.string(),
  /** Where workers send commands: this very process. */
  internalUrl: z.string(),
  maxCalls: z.number().int().positive(),
  activeCalls: z.number().int().nonnegative(),
  draining: z.boolean(),
  /** It holds a developer's code: calls of agents of this app go to it, and no others. Null: calls without code. */
  app: z.string().nullish(),
});
export type GatewayRegistration = z.infer<typeof gatewayRegistrationSchema>;

/** A gateway renews its row this often, and counts as dead when the row is older than the lease. */
export const GATEWAY_RENEW_MS = 1_000;
export const GATEWAY_LEASE_MS = 4_000;

/** Paths of a gateway; those without a vendor's prefix in the name are Twilio's. `:callId` is the attempt's id in every one. */
export const GATEWAY_PATHS = {
  status: '/twilio/status/:callId',
  amd: '/twilio/amd/:callId',
  stream: '/twilio/stream/:callId',
  /** Twilio asks here when a stream has ended. */
  continue: '/twilio/continue/:callId',
  /** Twilio asks here when a transfer's dial has ended. */
  transferEnded: '/twilio/transfer/:callId/:transferNumber',
  transferStatus: '/twilio/transfer-status/:callId/:transferNumber',
  /** A person who is asked to take a call: their leg's state, whether a machine answered, the key that they pressed, the connection with the caller. */
  consultStatus: '/twilio/consult-status/:callId/:transferNumber',
  consultAmd: '/twilio/consult-amd/:callId/:transferNumber',
  consultAnswer: '/twilio/consult-answer/:callId/:transferNumber',
  consultBridged: '/twilio/consult-bridged/:callId/:transferNumber',
  /** Twilio turns here when the gateway that was to take the answer is gone. */
  consultAgain: '/twilio/consult-again/:callId/:transferNumber',
  /** A WAV file, for every carrier. */
  holdMusic: '/audio/hold-music.wav',
  /** How a recording ended. */
  recording: '/twilio/recording/:callId',
  media: '/twilio/media',
  /** Every Telnyx webhook of a call, and of the legs that were dialled for it: which leg it is, its `client_state` tells. */
  telnyxEvents: '/telnyx/events/:callId',
  telnyxMedia: '/telnyx/media',
  /** Telnyx announces a call to one of our numbers: the address of its Call Control application. */
  telnyxInbound: '/telnyx/inbound',
  /** Twilio announces a call to one of our numbers; and its end. */
  twilioVoice: '/twilio/voice',
  twilioVoiceStatus: '/twilio/voice-status',
  command: '/internal/calls/:callId/commands',
} as const;

/** Where a command for a call goes; part of what its signature covers. */
export function commandPath(callId: string): string {
  return GATEWAY_PATHS.command.replace(':callId', encodeURIComponent(callId));
}
