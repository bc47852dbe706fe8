/** Where what belongs to one PATTER_HOME lies. */
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export function homePaths(home: string) {
  return {
    run: join(home, 'run'),
    logs: join(home, 'logs'),
    postgres: join(home, 'postgres'),
    postgresJson: join(home, 'run', 'postgres.json'),
    stackJson: join(home, 'run', 'stack.json'),
    serversJson: join(home, 'run', 'servers.json'),
    temporalJson: join(home, 'run', 'temporal.json'),
    temporalDb: join(home, 'temporal', 'temporal.db'),
    secretKey: join(home, 'secret-key'),
    pid: (role: string) => join(home, 'run', `${role}.pid`),
    log: (role: string) => join(home, 'logs', `${role}.log`),
    lock: (name: string) => join(home, 'run', `${name}.lock`),
  };
}

/** Written to a neighbour and renamed: a reader sees the old file or the new one, never half of it. Mode 0600. */
export function writePrivateFile(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const neighbour = `${file}.${process.pid}.new`;
  writeFileSync(neighbour, text, { mode: 0o600 });
  chmodSync(neighbour, 0o600);
  renameSync(neighbour, file);
}

/** @returns undefined when it is missing or not JSON */
export function readJsonFile<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch {
    return undefined;
  }
}
