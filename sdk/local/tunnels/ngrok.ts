import { PatterError } from '../../../contracts/errors';
import type { Tunnel } from '../../options/tunnel';
import { type LoadPackage, loadOptional } from './optional-package';

export interface NgrokSettings {
  /** @default NGROK_AUTHTOKEN */
  authtoken?: string;
  /** A domain of your account. @default one of ngrok's choice */
  domain?: string;
}

/** The part of `@ngrok/ngrok` that is used. */
interface NgrokPackage {
  forward(options: { addr: number; authtoken?: string; authtoken_from_env?: boolean; domain?: string }): Promise<{
    url(): string | null;
    close(): Promise<void>;
  }>;
}

/** Through ngrok's own package, which reconnects by itself and keeps the name. */
export function ngrokTunnel(settings: NgrokSettings, load: LoadPackage = loadOptional): Tunnel {
  return {
    name: 'ngrok',
    async open(port, signal) {
      const { authtoken, domain } = settings;
      const ngrok = load('@ngrok/ngrok', 'The ngrok tunnel') as NgrokPackage;
      const credential = authtoken ? { authtoken } : { authtoken_from_env: true };
      const listener = await ngrok.forward({ addr: port, ...credential, ...(domain ? { domain } : {}) });
      const url = listener.url();
      if (signal.aborted || !url) {
        await listener.close();
        throw new PatterError('PATTER_PROCESS_FAILED', 'ngrok gave no address for the tunnel.');
      }
      return { host: new URL(url).host, close: () => listener.close() };
    },
  };
}
