import { Webhook } from 'standardwebhooks';

/** The headers of Standard Webhooks 1.0.0. The id is the same when one message is sent again. */
export function signedHeaders(id: string, now: number, body: string, secret: string | undefined): Record<string, string> {
  const at = new Date(now);
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now / 1_000)),
    ...(secret && { 'webhook-signature': new Webhook(secret).sign(id, at, body) }),
  };
}
