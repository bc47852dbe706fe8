/** Tenants' credentials at rest: AES-256-GCM with the keys of PATTER_ENCRYPTION_KEY (or ENCRYPTION_KEY), each bound to its tenant and provider. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Clock } from '../contracts/clock';
import { PatterError } from '../contracts/errors';
import {
  PROVIDER_CREDENTIALS,
  PROVIDERS,
  type ProviderCredentials,
  type ProviderName,
  type TenantCredentials,
} from '../contracts/provider-credentials';
import type { Config } from './config';
import { type EncryptionKey, parseKeyRing } from './key-ring';

export interface SealedCredential {
  tenantId: string;
  provider: string;
  encryptionKeyId: string;
  /** base64url of nonce, ciphertext and tag. */
  sealed: string;
  updatedAt: Date;
}

/** The table, by shape: `store/` is not known here. */
export interface CredentialRows {
  set(row: SealedCredential): Promise<void>;
  remove(tenantId: string, provider: string): Promise<boolean>;
  of(tenantId: string): Promise<SealedCredential[]>;
  any(): Promise<boolean>;
  notUnder(encryptionKeyId: string, limit: number): Promise<SealedCredential[]>;
  replace(before: SealedCredential, after: Pick<SealedCredential, 'encryptionKeyId' | 'sealed'>): Promise<boolean>;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ROTATE_BATCH = 100;

type KeyConfig = Pick<Config, 'PATTER_ENCRYPTION_KEY' | 'ENCRYPTION_KEY'>;

export class CredentialVault {
  constructor(
    private readonly rows: CredentialRows,
    private readonly config: KeyConfig,
    private readonly clock: Clock,
  ) {}

  /** In the place of what the tenant had for this provider. @throws PatterError PATTER_CONFIG_INVALID */
  async set<Name extends ProviderName>(tenantId: string, provider: Name, values: ProviderCredentials[Name]): Promise<void> {
    const parsed = PROVIDER_CREDENTIALS[provider].safeParse(values);
    if (!parsed.success) {
      // The values stay out of the message.
      const fields = parsed.error.issues.map((issue) => issue.path.join('.') || 'fields');
      throw new PatterError('PATTER_CONFIG_INVALID', `The credentials of ${provider} lack or have wrong: ${fields.join(', ')}.`);
    }
    const [key] = this.#ring();
    const sealed = sealWith(key, JSON.stringify(parsed.data), contextOf(tenantId, provider));
    await this.rows.set({ tenantId, provider, encryptionKeyId: key.id, sealed, updatedAt: new Date(this.clock.now()) });
  }

  async remove(tenantId: string, provider: ProviderName): Promise<boolean> {
    return this.rows.remove(tenantId, provider);
  }

  /** Whether any tenant has any: where none has, nothing has to be looked up. */
  any(): Promise<boolean> {
    return this.rows.any();
  }

  /** Which providers a tenant has credentials for, without them. */
  async list(tenantId: string): Promise<{ provider: string; encryptionKeyId: string; updatedAt: Date }[]> {
    return (await this.rows.of(tenantId)).map(({ provider, encryptionKeyId, updatedAt }) => ({ provider, encryptionKeyId, updatedAt }));
  }

  /**
   * All of a tenant, merged. What cannot be opened is an error and no reason to use somebody else's account.
   * @throws PatterError PATTER_CONFIG_INVALID
   */
  async of(tenantId: string): Promise<TenantCredentials> {
    const rows = (await this.rows.of(tenantId)).filter(({ provider }) => (PROVIDERS as string[]).includes(provider));
    return Object.assign({}, ...rows.map((row) => JSON.parse(this.#open(row)) as TenantCredentials));
  }

  /**
   * Encrypts anew, with the first key, what another key has encrypted. Safe to repeat, to interrupt, and to do while credentials are being set.
   * @returns how many were encrypted anew
   */
  async rotate(): Promise<number> {
    const [key] = this.#ring();
    let rotated = 0;
    for (;;) {
      const rows = await this.rows.notUnder(key.id, ROTATE_BATCH);
      if (rows.length === 0) return rotated;
      for (const row of rows) {
        const sealed = sealWith(key, this.#open(row), contextOf(row.tenantId, row.provider));
        if (await this.rows.replace(row, { encryptionKeyId: key.id, sealed })) rotated++;
      }
    }
  }

  #open(row: SealedCredential): string {
    const ring = this.#ring();
    const key = ring.find(({ id }) => id === row.encryptionKeyId) ?? ring.find(({ fingerprint }) => fingerprint === row.encryptionKeyId);
    if (!key) {
      throw new PatterError(
        'PATTER_CONFIG_INVALID',
        `Credentials of tenant ${row.tenantId} were encrypted with key ${row.encryptionKeyId}, which PATTER_ENCRYPTION_KEY does not list.`,
        { details: { keyId: row.encryptionKeyId, tenantId: row.tenantId } },
      );
    }
    return openWith(key, row.sealed, contextOf(row.tenantId, row.provider));
  }

  #ring(): [EncryptionKey, ...EncryptionKey[]] {
    const ring = parseKeyRing(this.config.PATTER_ENCRYPTION_KEY ?? this.config.ENCRYPTION_KEY ?? '');
    if (ring) return ring;
    throw new PatterError(
      'PATTER_CONFIG_INVALID',
      'Credentials are kept encrypted only: set PATTER_ENCRYPTION_KEY to base64 of 32 bytes (openssl rand -base64 32).',
      { details: { variables: ['PATTER_ENCRYPTION_KEY'] } },
    );
  }
}

/** A row that is copied to another tenant or provider cannot be opened there. */
function contextOf(tenantId: string, provider: string): Buffer {
  return Buffer.from(JSON.stringify(['patter credentials v1', tenantId, provider]));
}

function sealWith(key: EncryptionKey, plain: string, context: Buffer): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key.bytes, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(context);
  return Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url');
}

function openWith(key: EncryptionKey, sealed: string, context: Buffer): string {
  const bytes = Buffer.from(sealed, 'base64url');
  try {
    const decipher = createDecipheriv('aes-256-gcm', key.bytes, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(context);
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES)), decipher.final()]).toString('utf8');
  } catch (cause) {
    throw new PatterError(
      'PATTER_CONFIG_INVALID',
      'Stored credentials cannot be opened: they were changed, or PATTER_ENCRYPTION_KEY was.',
      {
        cause,
      },
    );
  }
}
