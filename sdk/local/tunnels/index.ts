/** The tunnels that the package opens itself. */
import { PatterValidationError } from '../../errors';
import type { Tunnel, TunnelOption } from '../../options/tunnel';
import { cloudflareTunnel } from './cloudflare';
import { type NgrokSettings, ngrokTunnel } from './ngrok';
import { type LoadPackage, loadOptional } from './optional-package';
import { staticTunnel } from './static';

/**
 * @returns undefined for `false`
 * @param load for tests; @default `require`
 */
export function tunnelOf(option: TunnelOption, load: LoadPackage = loadOptional): Tunnel | undefined {
  if (option === false) return undefined;
  if (option === true) return cloudflareTunnel(load);
  if ('open' in option) return option;
  switch (option.type) {
    case 'cloudflare':
      return cloudflareTunnel(load);
    case 'static':
      return staticTunnel((option as { hostname?: string }).hostname ?? '');
    case 'ngrok':
      return ngrokTunnel(option as NgrokSettings, load);
    default:
      option.type satisfies never;
      throw new PatterValidationError(
        'tunnel',
        'tunnel: give true, new CloudflareTunnel(), new StaticTunnel(hostname), new Ngrok() or a Tunnel of your own.',
      );
  }
}
