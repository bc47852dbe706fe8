/** The `twilio` package, pointed anywhere, with a deadline and without retries of its own. */
import { Twilio } from 'twilio';
import RequestClient from 'twilio/lib/base/RequestClient';
import { systemClock } from '../../contracts/clock';
import { PatterError } from '../../contracts/errors';

/** Below the dial activity's ten seconds start-to-close, so that its outcome is known to be unknown before the activity is given up. */
export const TWILIO_REQUEST_TIMEOUT_MS = 5_000;

/** The package's own time-out is one of silence; an answer that trickles in would go on for ever. */
const SLOW_BODY_MS = 1_000;

export interface TwilioAccess {
  accountSid: string;
  authToken: string;
  /** Scheme, host, port and an optional path prefix; the package itself only knows https://api.twilio.com. */
  baseUrl: string;
  /** Milliseconds for one request. */
  timeoutMs?: number;
}

class RebasedRequestClient extends RequestClient {
  constructor(
    private readonly baseUrl: string,
    private readonly timeout: number,
  ) {
    // No keep-alive: a request on a kept socket that the far side has just closed fails after it was sent, and a dial would be of unknown outcome.
    super({ timeout, autoRetry: false, keepAlive: false });
  }

  override request<T>(options: RequestClient.RequestOptions<T>) {
    const { pathname, search } = new URL(options.uri);
    return withinMs(super.request({ ...options, uri: this.baseUrl + pathname + search }), this.timeout + SLOW_BODY_MS);
  }
}

export function twilioClient(access: TwilioAccess): Twilio {
  if (!/^AC/.test(access.accountSid)) {
    throw new PatterError(
      'PATTER_CONFIG_INVALID',
      'TWILIO_ACCOUNT_SID is not an account SID: it begins with AC (console.twilio.com shows it)',
    );
  }
  return new Twilio(access.accountSid, access.authToken, {
    httpClient: new RebasedRequestClient(access.baseUrl, access.timeoutMs ?? TWILIO_REQUEST_TIMEOUT_MS),
    // The package would read TWILIO_REGION and the like; where requests go is TWILIO_BASE_URL's business alone.
    env: {},
  });
}

function withinMs<T>(promise: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = systemClock.after(ms, () => reject(new Error(`no whole answer within ${ms} ms`)));
    promise.then(resolve, reject).finally(cancel);
  });
}
