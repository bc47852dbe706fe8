/** Tunnels, as objects: `serve({ agent, tunnel: new CloudflareTunnel() })`. What they do is in sdk/local. */
import { PatterValidationError } from '../errors';
import type { BuiltInTunnel } from '../options/tunnel';

/** A quick tunnel of Cloudflare, through the package `cloudflared`. The host name is another one each time. */
export class CloudflareTunnel implements BuiltInTunnel {
  /** Which tunnel. */
  readonly type = 'cloudflare';

  constructor() {
    Object.freeze(this);
  }
}

/** A host name that leads here already: a reverse proxy, a named tunnel of one's own. */
export class StaticTunnel implements BuiltInTunnel {
  /** Which tunnel. */
  readonly type = 'static';
  /** Host name, no scheme. */
  readonly hostname: string;

  constructor(options: { hostname: string } | string) {
    const hostname = typeof options === 'string' ? options : options?.hostname;
    if (typeof hostname !== 'string' || hostname === '') {
      throw new PatterValidationError(
        'hostname',
        "StaticTunnel needs the host name that leads here: new StaticTunnel({ hostname: 'phone.example.com' }).",
      );
    }
    this.hostname = hostname.replace(/^https:\/\//i, '').replace(/\/+$/, '');
    Object.freeze(this);
  }
}

/** Options of `new Ngrok()`. */
export interface NgrokOptions {
  /** @default NGROK_AUTHTOKEN */
  authtoken?: string;
  /** A reserved domain. @default one that ngrok picks */
  domain?: string;
}

/** ngrok, through the package `@ngrok/ngrok`. */
export class Ngrok implements BuiltInTunnel {
  /** Which tunnel. */
  readonly type = 'ngrok';
  /** undefined: NGROK_AUTHTOKEN. */
  readonly authtoken: string | undefined;
  /** undefined: one that ngrok picks. */
  readonly domain: string | undefined;

  constructor(options: NgrokOptions = {}) {
    this.authtoken = options.authtoken;
    this.domain = options.domain;
    Object.freeze(this);
  }
}
