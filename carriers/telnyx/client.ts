/** The `telnyx` package, pointed anywhere, with a deadline and without retries of its own. */
import Telnyx from 'telnyx';

/** Below the dial activity's ten seconds start-to-close, so that its outcome is known to be unknown before the activity is given up. */
export const TELNYX_REQUEST_TIMEOUT_MS = 5_000;

export interface TelnyxAccess {
  apiKey: string;
  /** The Call Control application that calls are made with. */
  connectionId: string;
  /** With the version's path, as in https://api.telnyx.com/v2. */
  baseUrl: string;
  /** Milliseconds for one request. */
  timeoutMs?: number;
}

export function telnyxClient(access: TelnyxAccess): Telnyx {
  return new Telnyx({
    apiKey: access.apiKey,
    // Where it is not told, the package reads these from the environment; they are the configuration's business alone.
    publicKey: null,
    clientID: null,
    clientSecret: null,
    baseURL: access.baseUrl,
    timeout: access.timeoutMs ?? TELNYX_REQUEST_TIMEOUT_MS,
    maxRetries: 0,
    logLevel: 'off',
    // A request on a kept socket that the far side has just closed fails after it was sent, and a dial would be of unknown outcome.
    defaultHeaders: { connection: 'close' },
  });
}
