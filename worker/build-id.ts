/** What a worker's deployment version is called. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../runtime/config';

/** It names the places of the sources, which differ from machine to machine. */
const SOURCE_MAP = /\n\/\/# sourceMappingURL=[\s\S]*$/;

/** Changes exactly when the workflows' code does, with the package's version in front for those who read it. */
export function buildIdOf(config: Pick<Config, 'PATTER_BUILD_ID'>, bundleCode: string): string {
  if (config.PATTER_BUILD_ID) return config.PATTER_BUILD_ID;
  const hash = createHash('sha256').update(bundleCode.replace(SOURCE_MAP, '')).digest('hex').slice(0, 12);
  return `${packageVersion()}-${hash}`;
}

/** This file runs from `worker/` and from `dist/worker/`. */
function packageVersion(): string {
  const file = ['..', '../..'].map((folder) => join(__dirname, folder, 'package.json')).find((name) => existsSync(name));
  return file ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : '0.0.0';
}
