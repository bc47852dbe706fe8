import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { temporalBinary, temporalCacheFolder } from './temporal-binary';

const TEMPORAL = '#!/bin/sh\necho "temporal version 1.5.1 (Server 1.29.1)"\n';
let folder: string;
let env: NodeJS.ProcessEnv;
let told: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'patter-binary-'));
  env = { PATH: join(folder, 'bin'), XDG_CACHE_HOME: join(folder, 'cache') };
  told = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

function program(file: string, content: string): string {
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, content);
  chmodSync(file, 0o755);
  return file;
}

const find = () => temporalBinary({ env, download: false, tell: (line) => told.push(line) });

test('PATH comes before the cache', async () => {
  program(join(temporalCacheFolder(env), 'temporal'), TEMPORAL);
  const onPath = program(join(folder, 'bin', 'temporal'), TEMPORAL);
  expect(await find()).toBe(onPath);
});

test('another program of that name on PATH is passed over', async () => {
  program(join(folder, 'bin', 'temporal'), '#!/bin/sh\necho "a tool for time series"\n');
  const cached = program(join(temporalCacheFolder(env), 'temporal'), TEMPORAL);
  expect(await find()).toBe(cached);
});

describe('with Go', () => {
  /** Answers as go does; "builds" by writing what `output` says. */
  function go(output: string): void {
    const script = `#!/bin/sh\nif [ "$1" = version ]; then echo go version go1.26; exit 0; fi\n${output}\n`;
    program(join(folder, 'bin', 'go'), script);
  }

  test('it is built once, the user is told, and two at the same time build one', async () => {
    const count = join(folder, 'count');
    go(
      `/bin/echo "$2" >> ${count}\nprintf '#!/bin/sh\\necho temporal version 1.5.1\\n' > "$GOBIN/temporal"\n/bin/chmod 755 "$GOBIN/temporal"`,
    );
    const [one, two] = await Promise.all([find(), find()]);
    expect(one).toBe(join(temporalCacheFolder(env), 'temporal'));
    expect(two).toBe(one);
    expect(readFileSync(count, 'utf8')).toBe('github.com/temporalio/cli/cmd/temporal@v1.5.1\n');
    expect(told.join('\n')).toContain('about two minutes');
    expect(readdirSync(temporalCacheFolder(env))).toEqual(['temporal']);
  });

  test('a build that fails is an error that names every way, and leaves nothing half-made', async () => {
    go('echo "no route to the module proxy" >&2; exit 1');
    const error = await find().catch((reason: Error) => reason);
    expect(error).toMatchObject({ code: 'PATTER_TEMPORAL_UNAVAILABLE' });
    for (const way of [
      'TEMPORAL_ADDRESS',
      'on PATH',
      temporalCacheFolder(env),
      'downloaded',
      'install Go',
      'no route to the module proxy',
    ]) {
      expect((error as Error).message).toContain(way);
    }
    expect(existsSync(join(temporalCacheFolder(env), 'temporal'))).toBe(false);
    expect(readdirSync(temporalCacheFolder(env))).toEqual([]);
  });
});
