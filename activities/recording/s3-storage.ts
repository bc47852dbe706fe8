import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import { PatterError } from '../../contracts/errors';
import { writeFile } from './folder-storage';
import type { PutOptions, RecordingStorage } from './storage';

type Sdk = typeof import('@aws-sdk/client-s3');

export interface S3Place {
  bucket: string;
  /** Without a slash at either end; may be empty. */
  prefix: string;
}

/** @throws PatterError PATTER_CONFIG_INVALID */
export function parseS3Url(url: string): S3Place {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(url);
  if (!match) throw new PatterError('PATTER_CONFIG_INVALID', `PATTER_RECORDINGS: write a bucket as s3://bucket/prefix, not ${url}`);
  return { bucket: match[1] as string, prefix: (match[2] ?? '').replace(/^\/+|\/+$/g, '') };
}

/**
 * S3, with the AWS package's own configuration: AWS_REGION, AWS_ACCESS_KEY_ID … or a role, and AWS_ENDPOINT_URL for another store of the same protocol.
 * The file comes to a temporary one first, because a single PUT, which is atomic, must say its length.
 */
export class S3Storage implements RecordingStorage {
  private readonly sdk: Sdk;
  private readonly client: S3Client;

  constructor(private readonly place: S3Place) {
    this.sdk = loadSdk();
    const elsewhere = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
    // Only AWS itself has a host name for every bucket.
    this.client = new this.sdk.S3Client({ region: process.env.AWS_REGION ?? 'us-east-1', forcePathStyle: elsewhere !== undefined });
  }

  async put(key: string, body: ReadableStream<Uint8Array>, options: PutOptions) {
    const folder = await mkdtemp(join(tmpdir(), 'patter-recording-'));
    try {
      const file = join(folder, 'recording');
      const stored = await writeFile(file, body, options);
      const Key = this.keyOf(key);
      await this.client.send(
        new this.sdk.PutObjectCommand({
          Bucket: this.place.bucket,
          Key,
          Body: createReadStream(file),
          ContentLength: stored.bytes,
          ContentType: options.contentType,
          ChecksumSHA256: Buffer.from(stored.sha256, 'hex').toString('base64'),
        }),
        { abortSignal: options.signal },
      );
      return { ...stored, location: `s3://${this.place.bucket}/${Key}` };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async remove(key: string, signal: AbortSignal): Promise<void> {
    await this.client.send(new this.sdk.DeleteObjectCommand({ Bucket: this.place.bucket, Key: this.keyOf(key) }), { abortSignal: signal });
  }

  async read(location: string, signal: AbortSignal): Promise<Readable> {
    const { bucket, prefix } = parseS3Url(location);
    try {
      const { Body } = await this.client.send(new this.sdk.GetObjectCommand({ Bucket: bucket, Key: prefix }), { abortSignal: signal });
      if (Body instanceof Readable) return Body;
    } catch (error) {
      if ((error as Error).name !== 'NoSuchKey') throw error;
    }
    throw new PatterError('PATTER_CALL_NOT_FOUND', `There is no ${location}.`);
  }

  private keyOf(key: string): string {
    return this.place.prefix === '' ? key : `${this.place.prefix}/${key}`;
  }
}

/** An optional peer: most installations store nothing in S3. */
function loadSdk(): Sdk {
  try {
    return require('@aws-sdk/client-s3') as Sdk;
  } catch (error) {
    throw new PatterError('PATTER_CREDENTIAL_MISSING', 'Recordings go to S3: install its client with `npm install @aws-sdk/client-s3`', {
      cause: error,
    });
  }
}
