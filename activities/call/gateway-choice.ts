import type { GatewayRegistration } from '../../contracts/gateway';

/** The gateway to stream to, and another one to turn to when it is gone; the same where there is only one. */
export interface GatewayPair {
  gateway: GatewayRegistration;
  fallback: GatewayRegistration;
}

/** @param live with room, best first */
export function pairOf(gateway: GatewayRegistration, live: readonly GatewayRegistration[]): GatewayPair {
  const elsewhere = live.find((other) => other.gatewayId !== gateway.gatewayId && other.publicUrl !== gateway.publicUrl);
  return { gateway, fallback: elsewhere ?? gateway };
}
