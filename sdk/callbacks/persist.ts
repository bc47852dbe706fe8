/** An on-disk export of the call history, beside the store: one JSON file for each call, whole or not there at all. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallEndEvent } from '../options/events';
import type { CallFacts } from './facts';

/** `<root>/calls/<year>/<month>/<day>/<call id>.json`, by the day (UTC) on which the call ended. */
export function callFileOf(root: string, callId: string, endedAt: number): string {
  const [year, month, day] = new Date(endedAt).toISOString().slice(0, 10).split('-') as [string, string, string];
  return join(root, 'calls', year, month, day, `${callId.replace(/[^A-Za-z0-9_.-]/g, '_')}.json`);
}

/** Written again it is the same file. Readable by its owner alone: it holds what people said. */
export async function writeCallFile(root: string, event: CallEndEvent, facts: CallFacts): Promise<string> {
  const { callId, caller, callee, direction, customParams, outcome, reason, answeredBy, duration, transcript, metrics } = event;
  const { startedAt, started, carrier, ended } = facts;
  const endedAt = ended?.endedAt ?? startedAt;
  const record = {
    callId,
    direction,
    caller,
    callee,
    carrier,
    customParams,
    outcome,
    reason,
    answeredBy,
    startedAt: started ? new Date(startedAt).toISOString() : null,
    endedAt: new Date(endedAt).toISOString(),
    durationSeconds: duration,
    transcript,
    metrics: camelOnly(metrics),
  };
  const file = callFileOf(root, callId, endedAt);
  await mkdir(join(file, '..'), { recursive: true, mode: 0o700 });
  const own = `${file}.${process.pid}-${randomBytes(4).toString('hex')}.new`;
  try {
    const handle = await open(own, 'wx', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(record, undefined, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(own, file);
  } catch (error) {
    await rm(own, { force: true });
    throw error;
  }
  return file;
}

/** A file needs each field once. */
function camelOnly(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelOnly);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([name, inner]) => (name.includes('_') ? [] : [[name, camelOnly(inner)]])));
}
