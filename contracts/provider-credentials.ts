/** A tenant's own accounts, under the names of the configuration's variables: what is set takes the place of the process's own. */
import { z } from 'zod';

const secret = z.string().trim().min(1).max(500);

export const PROVIDER_CREDENTIALS = {
  twilio: z.strictObject({ TWILIO_ACCOUNT_SID: secret, TWILIO_AUTH_TOKEN: secret }),
  /** Without the public key its webhooks are verified with the process's. */
  telnyx: z.strictObject({ TELNYX_API_KEY: secret, TELNYX_CONNECTION_ID: secret, TELNYX_PUBLIC_KEY: secret.optional() }),
  openai: z.strictObject({ OPENAI_API_KEY: secret }),
  deepgram: z.strictObject({ DEEPGRAM_API_KEY: secret }),
  elevenlabs: z.strictObject({ ELEVENLABS_API_KEY: secret }),
} as const;

export type ProviderName = keyof typeof PROVIDER_CREDENTIALS;
export const PROVIDERS = Object.keys(PROVIDER_CREDENTIALS) as ProviderName[];
export type ProviderCredentials = { [Name in ProviderName]: z.output<(typeof PROVIDER_CREDENTIALS)[Name]> };
/** Of all providers together. */
export type TenantCredentials = Partial<
  ProviderCredentials['twilio'] &
    ProviderCredentials['telnyx'] &
    ProviderCredentials['openai'] &
    ProviderCredentials['deepgram'] &
    ProviderCredentials['elevenlabs']
>;
