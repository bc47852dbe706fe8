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
});
export type GatewayRegistration = z.infer<typeof gatewayRegistrationSchema>;

/** A gateway renews its row this often, and counts as dead when the row is older than the lease. */
export const GATEWAY_RENEW_MS = 1_000;
export const GATEWAY_LEASE_MS = 4_000;

/** Paths of a gateway. `:callId` is the attempt's id in every one. */
export const GATEWAY_PATHS = {
  status: '/twilio/status/:callId',
  amd: '/twilio/amd/:callId',
  stream: '/twilio/stream/:callId',
  /** Twilio asks here when a stream has ended. */
  continue: '/twilio/continue/:callId',
  /** Twilio asks here when a transfer's dial has ended. */
  transferEnded: '/twilio/transfer/:callId/:transferNumber',
  transferStatus: '/twilio/transfer-status/:callId/:transferNumber',
  media: '/twilio/media',
  command: '/internal/calls/:callId/commands',
} as const;

/** Where a command for a call goes; part of what its signature covers. */
export function commandPath(callId: string): string {
  return GATEWAY_PATHS.command.replace(':callId', encodeURIComponent(callId));
}
