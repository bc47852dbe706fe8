/** How a server on this machine becomes reachable from the internet. The built-in ones are in sdk/providers/tunnels.ts; anybody may write another. */
import { PatterValidationError } from '../errors';
import { isRecord } from './check';

/** A tunnel that is open. */
export interface OpenTunnel {
  /** Public host name, no scheme. */
  readonly host: string;
  /** Calls back with the new host name when it changes. */
  onChange?(listener: (host: string) => void): void;
  /** Resolves when the host name leads here no more. */
  close(): Promise<void>;
}

/** A way to be reached from the internet; anybody may write one. */
export interface Tunnel {
  /** A short name for logs. */
  readonly name: string;
  /**
   * Leads a public host name to a port of this machine.
   * @param signal aborted when the server gives up waiting
   */
  open(port: number, signal: AbortSignal): Promise<OpenTunnel>;
}

/** Options of a tunnel that the package itself opens: `type` says which. */
export interface BuiltInTunnel {
  /** Which one. */
  readonly type: 'cloudflare' | 'static' | 'ngrok';
}

/** `true` is a Cloudflare tunnel. */
export type TunnelOption = boolean | BuiltInTunnel | Tunnel;

export function checkTunnel(tunnel: unknown): TunnelOption {
  if (tunnel === undefined) return false;
  if (typeof tunnel === 'boolean') return tunnel;
  if (isRecord(tunnel) && (typeof tunnel.open === 'function' || typeof tunnel.type === 'string')) return tunnel as unknown as TunnelOption;
  throw new PatterValidationError(
    'tunnel',
    'tunnel must be true, false, new CloudflareTunnel(), new StaticTunnel(...), new Ngrok() or a Tunnel of your own.',
  );
}
