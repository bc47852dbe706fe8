import type { Command } from 'commander';
import type { CountryCode } from 'libphonenumber-js/max';
import { type EraseResult, erasePerson } from '../../control/privacy/erase-person';
import { type ForgottenFiles, forgetCallFiles } from '../call-files';
import { withControl } from '../open-control';
import { printJson } from '../output';
import { type TenantOptions, tenantNamed, withTenant } from '../tenant';
import { processTerminal } from '../terminal';
import { countryCode } from './contact-options';

interface Options extends TenantOptions {
  region?: CountryCode;
  dryRun?: boolean;
  json?: boolean;
}

/** `patter privacy …`: what a person may ask for. */
export function register(program: Command): void {
  const privacy = program.command('privacy').description('what is known of a person');
  withTenant(privacy.command('erase'))
    .description('erase what is known of a number, in all campaigns and in Temporal; counts, costs and the do-not-call entry stay')
    .argument('<phone>')
    .option('--region <country>', 'country of numbers written without one (default: US)', countryCode)
    .option('--dry-run', 'only say what would be erased')
    .option('--json', 'print JSON')
    .action((phone: string, options: Options) =>
      withControl(async (ctx) => {
        const result = await erasePerson(ctx, {
          phone,
          tenantId: await tenantNamed(ctx, options),
          region: options.region,
          dryRun: options.dryRun,
        });
        const files = options.dryRun ? undefined : await forgetCallFiles(ctx);
        if (options.json) printJson({ ...result, ...(files && { callFiles: files }) });
        else processTerminal().out(words(result, files));
      }),
    );
}

function words(result: EraseResult, files: ForgottenFiles | undefined): string {
  const { contacts, calls, campaigns, rejectedRows } = result.erased;
  const counts = `${contacts} contacts in ${campaigns} campaigns, ${calls} calls, ${rejectedRows} rejected rows`;
  const lines = [result.dryRun ? `${result.phone}: would be erased: ${counts}.` : `${result.phone}: erased: ${counts}.`];
  if (!result.dryRun) {
    lines.push(
      `Temporal: ${result.workflowsDeleted} workflow runs were deleted${result.workflowsPending ? '; it cannot be reached now, and the rest follows by itself' : ''}.`,
    );
  }
  if (result.recordingsPending) lines.push('Recordings are still to be deleted; a worker does it by itself as soon as it can.');
  lines.push(
    result.suppressed
      ? 'The number itself stays on the do-not-call list, without any detail: it would be called again otherwise.'
      : 'The number is not on the do-not-call list: whoever imports it again calls it again (`patter dnc add`).',
  );
  if (result.carrierCallIds.length > 0)
    lines.push(`The carrier keeps records of its own of these calls: ${result.carrierCallIds.join(', ')}`);
  if (files && files.folders.length > 0) {
    lines.push(`Call history on disk: ${files.deleted} files were deleted in ${files.folders.join(', ')}.`);
  }
  lines.push('Call history that programs elsewhere write (persist) is deleted by them, within a minute or at their next start.');
  lines.push('Not touched: files that were exported (PATTER_HOME/reports, your CSVs), what webhooks were told, backups.');
  return `${lines.join('\n')}\n`;
}
