/** The package as npm would install it in an empty project: from its tarball, with what it depends on and nothing else. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { builtProgram } from './built';

const ROOT = join(__dirname, '..', '..');
const exec = promisify(execFile);

interface Locked {
  packages: Record<string, { dev?: boolean; devOptional?: boolean; peer?: boolean }>;
}

/** @returns the path of the tarball in `folder` */
export async function packTarball(folder: string): Promise<string> {
  await builtProgram();
  // It was built a moment ago: no script is to build it again while others read it.
  const { stdout } = await exec('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: ROOT,
    timeout: 100_000,
  });
  const [packed] = JSON.parse(stdout) as { filename: string }[];
  if (!packed) throw new Error(`npm pack: ${stdout}`);
  return join(folder, packed.filename.replace('@', '').replace('/', '-'));
}

/**
 * A project with the unpacked tarball in node_modules. Beside it lies what the lock file has for users: its dependencies, as links to the ones that
 * are installed here. Tools of development and optional peers are not there.
 */
export async function emptyProject(manifest: Record<string, unknown> = {}): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'patter-package-'));
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, 'getpatter'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'empty', private: true, ...manifest }));
  await exec('tar', ['-xzf', await packTarball(folder), '--strip-components=1', '-C', join(modules, 'getpatter')], { timeout: 60_000 });
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Locked;
  for (const [path, { dev, devOptional, peer }] of Object.entries(packages)) {
    const name = /^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path)?.[1];
    if (!name || dev || devOptional || peer || !existsSync(join(ROOT, path))) continue;
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(ROOT, path), join(modules, name), 'junction');
  }
  return folder;
}
