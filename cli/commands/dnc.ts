import type { Command } from 'commander';
import type { CountryCode } from 'libphonenumber-js/max';
import { addToDnc, checkDnc, type DncContext, importDnc, removeFromDnc } from '../../control/campaigns/dnc';
import { withControl } from '../open-control';
import { type TenantOptions, tenantNamed, withTenant } from '../tenant';
import { processTerminal, table } from '../terminal';
import { countryCode } from './contact-options';

interface Options extends TenantOptions {
  region?: CountryCode;
  reason: string;
  json?: boolean;
}

const MAX_INVALID_SHOWN = 10;

/** `patter dnc …`: the do-not-call list, in force in every campaign at once. */
export function register(program: Command): void {
  const dnc = program.command('dnc').description('the do-not-call list');
  const command = (name: string, description: string, argument: string) =>
    withTenant(dnc.command(name).description(description).argument(argument)).option(
      '--region <country>',
      'country of numbers written without one (default: US)',
      countryCode,
    );

  command('add', 'never call this number again, in any campaign', '<phone>')
    .option('--reason <text>', 'kept with the entry', 'added on the command line')
    .action((phone: string, options: Options) =>
      withDnc(options, async (ctx) => {
        const result = await addToDnc(ctx, phone, options.reason);
        processTerminal().out(`${result.phone} ${result.added ? 'is on the list now' : 'was on the list already'}.\n`);
      }),
    );
  command('remove', 'take a number off the list', '<phone>').action((phone: string, options: Options) =>
    withDnc(options, async (ctx) => {
      const result = await removeFromDnc(ctx, phone);
      processTerminal().out(`${result.phone} ${result.removed ? 'was taken off the list' : 'was not on the list'}.\n`);
    }),
  );
  command('check', 'say whether a number is on the list (exit code 0: it is not, 1: it is)', '<phone>')
    .option('--json', 'print JSON')
    .action((phone: string, options: Options) =>
      withDnc(options, async (ctx) => {
        const { phone: number, entry } = await checkDnc(ctx, phone);
        if (options.json) processTerminal().out(`${JSON.stringify({ phone: number, listed: entry !== undefined, ...entry })}\n`);
        else if (!entry) processTerminal().out(`${number} is not on the list.\n`);
        else processTerminal().out(`${number} is on the list since ${entry.createdAt.toISOString()} (${entry.source}: ${entry.reason}).\n`);
        if (entry) process.exitCode = 1;
      }),
    );
  command('import', 'add the numbers of a file: a CSV with a phone column, or one number a line', '<file>')
    .option('--reason <text>', 'kept with the entries', 'imported from a file')
    .action((file: string, options: Options) =>
      withDnc(options, async (ctx) => {
        const { read, added, invalid } = await importDnc(ctx, file, options.reason);
        const terminal = processTerminal();
        terminal.out(`${added} of ${read} numbers were added; ${read - added - invalid.length} were on the list already.\n`);
        if (invalid.length === 0) return;
        terminal.err(`${invalid.length} are no phone numbers:\n`);
        terminal.err(`${table(invalid.slice(0, MAX_INVALID_SHOWN).map((row) => [`  line ${row.line}`, row.text, row.reason]))}\n`);
        process.exitCode = 1;
      }),
    );
}

function withDnc<T>(options: Options, work: (ctx: DncContext) => Promise<T>): Promise<T> {
  return withControl(async (ctx) =>
    work({ store: ctx.store, tenantId: await tenantNamed(ctx, options), region: options.region, now: ctx.clock.now() }),
  );
}
