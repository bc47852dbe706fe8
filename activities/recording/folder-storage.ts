import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { PatterError } from '../../contracts/errors';
import type { PutOptions, RecordingStorage, StoredFile } from './storage';

const PARTIAL = '.partial';

/** Readable by the owner alone. A file appears under its name when all of it is on the disk. */
export class FolderStorage implements RecordingStorage {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = resolve(folder);
  }

  async put(key: string, body: ReadableStream<Uint8Array>, options: PutOptions) {
    const location = join(this.folder, key);
    await mkdir(dirname(location), { recursive: true, mode: 0o700 });
    // What a killed process has left of the same file.
    await removePartials(location);
    const partial = `${location}.${randomBytes(6).toString('hex')}${PARTIAL}`;
    try {
      const stored = await writeFile(partial, body, options);
      await rename(partial, location);
      await syncFolder(dirname(location));
      return { ...stored, location };
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
  }

  async remove(key: string): Promise<void> {
    const location = join(this.folder, key);
    await removePartials(location).catch(() => undefined);
    await rm(location, { force: true });
    // Empty, or another recording of the call is still in it.
    await rmdir(dirname(location)).catch(() => undefined);
  }

  async read(location: string): Promise<Readable> {
    const file = resolve(location);
    try {
      await access(file, constants.R_OK);
    } catch (error) {
      throw new PatterError('PATTER_CALL_NOT_FOUND', `There is no ${file} on this machine. Was it stored by a worker on another one?`, {
        cause: error,
      });
    }
    return (await open(file)).createReadStream();
  }
}

/** To a new file, through to the disk. */
export async function writeFile(
  file: string,
  body: ReadableStream<Uint8Array>,
  { signal, progressed, received }: Pick<PutOptions, 'signal' | 'progressed' | 'received'>,
): Promise<StoredFile> {
  const hash = createHash('sha256');
  let bytes = 0;
  const handle = await open(file, 'wx', 0o600);
  try {
    for await (const chunk of body) {
      signal.throwIfAborted();
      hash.update(chunk);
      await handle.writeFile(chunk);
      bytes += chunk.length;
      progressed?.(bytes);
    }
    received?.();
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { sha256: hash.digest('hex'), bytes };
}

async function removePartials(location: string): Promise<void> {
  const folder = dirname(location);
  const start = `${basename(location)}.`;
  for (const name of await readdir(folder)) {
    if (name.startsWith(start) && name.endsWith(PARTIAL)) await rm(join(folder, name), { force: true });
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
