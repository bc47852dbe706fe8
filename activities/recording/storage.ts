/** Where fetched recordings are kept: a folder, or a bucket of S3 or of anything that speaks its protocol. */

import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Config } from '../../runtime/config';
import { FolderStorage } from './folder-storage';
import { parseS3Url, S3Storage } from './s3-storage';

export interface StoredFile {
  sha256: string;
  bytes: number;
}

export interface PutOptions {
  contentType: string;
  signal: AbortSignal;
  progressed?(bytes: number): void;
  /** All of the body is here; what follows tells of no progress. */
  received?(): void;
}

export interface RecordingStorage {
  /**
   * Takes the file in whole or not at all: a key has either what was there before, or all of `body`.
   * @param key of letters, digits, `_`, `-`, `.` and `/`; the same key is overwritten
   * @param progressed called with the bytes so far
   */
  put(key: string, body: ReadableStream<Uint8Array>, options: PutOptions): Promise<StoredFile & { location: string }>;
  /** Gone already is success. */
  remove(key: string, signal: AbortSignal): Promise<void>;
}

/** @throws PatterError PATTER_CONFIG_INVALID, and PATTER_CREDENTIAL_MISSING where the S3 client is not installed */
export function openRecordingStorage(config: Pick<Config, 'PATTER_HOME' | 'PATTER_RECORDINGS'>): RecordingStorage {
  const where = config.PATTER_RECORDINGS;
  if (where?.startsWith('s3://')) return new S3Storage(parseS3Url(where));
  return new FolderStorage(where ?? join(config.PATTER_HOME, 'recordings'));
}

/** A file stays where it is when PATTER_RECORDINGS is changed. */
export async function removeStored(location: string, signal: AbortSignal): Promise<void> {
  if (!location.startsWith('s3://'))
    return new FolderStorage(dirname(dirname(location))).remove(join(basename(dirname(location)), basename(location)));
  const { bucket, prefix: key } = parseS3Url(location);
  return new S3Storage({ bucket, prefix: '' }).remove(key, signal);
}

/** Wherever it is stored. @throws PatterError PATTER_CALL_NOT_FOUND where there is no such file */
export function readStored(location: string, signal: AbortSignal): Promise<Readable> {
  if (location.startsWith('s3://')) return new S3Storage(parseS3Url(location)).read(location, signal);
  return new FolderStorage(dirname(location)).read(location);
}

/** One folder a call, so that everything of a call can be found and deleted. */
export function recordingKey(callId: string, recordingId: string): string {
  return `${callId}/${recordingId.replace(/[^\w.-]/g, '_')}.wav`;
}
