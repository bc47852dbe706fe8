/** `patter …`. One file for each command (or family) in `commands/`, which exports `register(program)`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import * as call from './commands/call';
import * as calls from './commands/calls';
import * as campaign from './commands/campaign';
import * as config from './commands/config';
import * as credentials from './commands/credentials';
import * as demo from './commands/demo';
import * as deploy from './commands/deploy';
import * as dev from './commands/dev';
import * as dnc from './commands/dnc';
import * as doctor from './commands/doctor';
import * as down from './commands/down';
import * as keys from './commands/keys';
import * as lab from './commands/lab';
import * as mcp from './commands/mcp';
import * as numbers from './commands/numbers';
import * as privacy from './commands/privacy';
import * as replay from './commands/replay';
import * as role from './commands/role';
import * as stop from './commands/stop';
import { EXIT_CODES, printError } from './output';

const COMMANDS = [
  demo,
  dev,
  down,
  campaign,
  call,
  calls,
  numbers,
  dnc,
  privacy,
  stop,
  keys,
  credentials,
  mcp,
  role,
  lab,
  config,
  doctor,
  deploy,
  replay,
] as const;

export function createProgram(): Command {
  const program = new Command('patter')
    .description('AI agents on phone numbers, where every call and every campaign is a durable workflow.')
    .version(version())
    .showHelpAfterError('(add --help for what is possible)')
    .addHelpText(
      'after',
      '\nConfiguration comes from the environment and .env: see `patter config` and docs/configuration.md. Errors: docs/errors.md.',
    );
  for (const command of COMMANDS) command.register(program);
  exitByException(program);
  return program;
}

/** @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
  // `patter … | head` closes the pipe; that is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT_CODES.ok : EXIT_CODES.error));
  try {
    await createProgram().parseAsync([...argv], { from: 'user' });
    return Number(process.exitCode ?? EXIT_CODES.ok);
  } catch (error) {
    // Commander has told about a wrong command line itself; help and version end this way too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage;
    printError(error, argv.includes('--json'));
    return EXIT_CODES.error;
  }
}

function exitByException(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) exitByException(child);
}

function version(): string {
  for (const folder of ['..', '../..']) {
    try {
      return (JSON.parse(readFileSync(join(__dirname, folder, 'package.json'), 'utf8')) as { version: string }).version;
    } catch {
      // From cli/ and from dist/cli/ the package is at different heights.
    }
  }
  return 'unknown';
}
