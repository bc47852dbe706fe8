import { systemClock } from '../../contracts/clock';
import { isPatterError } from '../../contracts/errors';
import { DEFAULT_TENANT } from '../../contracts/ids';
import { formatUsd } from '../../contracts/money';
import { type CampaignCheck, type CheckRow, checkCampaign } from '../../control/campaigns/check-campaign';
import { forbiddenUrls } from '../../control/campaigns/forbidden-urls';
import { loadCampaignFile } from '../../control/campaigns/load-campaign-file';
import { rehearsalOffsetMs } from '../../control/campaigns/rehearsal';
import type { OpenControlContext } from '../../control/context';
import { checkedTenantId } from '../../control/tenants/tenant-id';
import { loadConfig } from '../../runtime/config';
import { openControl } from '../open-control';
import { type TenantOptions, tenantNamed } from '../tenant';
import { spokenDuration, styler, type Terminal, table } from '../terminal';
import type { ContactOptions } from './contact-options';

const MAX_ROWS = 10;

/** `patter campaign check`: dials nobody, starts nothing. */
export async function checkCampaignFile(
  file: string,
  options: ContactOptions & TenantOptions & { json?: boolean },
  terminal: Terminal,
): Promise<void> {
  const spec = await loadCampaignFile(file);
  const config = loadConfig();
  const now = systemClock.now();
  let ctx: OpenControlContext | undefined;
  try {
    ctx = await openControl(config);
  } catch (error) {
    // The file and the contacts can be judged without a stack; who opted out cannot, and the answer says so.
    if (!isPatterError(error)) throw error;
  }
  try {
    const check = await checkCampaign(ctx?.store.suppressions, {
      spec,
      contactsFile: options.contacts,
      tenantId: ctx ? await tenantNamed(ctx, options) : checkedTenantId(options.tenant ?? DEFAULT_TENANT),
      region: options.region,
      only: options.only,
      limit: options.limit,
      windowOffsetMs: rehearsalOffsetMs(ctx?.config ?? config, now),
      now,
    });
    check.warnings.push(...forbiddenUrls(spec, ctx?.config ?? config));
    terminal.out(options.json ? `${JSON.stringify(check, null, 2)}\n` : renderCheck(spec.name, check, terminal.color));
  } finally {
    await ctx?.close();
  }
}

export function renderCheck(name: string, check: CampaignCheck, color: boolean): string {
  const paint = styler(color);
  const { forecast } = check;
  const facts = [
    ['  Rows', `${check.total} (${check.duplicates} duplicates merged, ${check.rejected.length} rejected)`],
    ['  Would be called', `${check.callable}${check.later.length > 0 ? `, ${check.later.length} of them later` : ''}`],
    ['  Would not', String(check.held.length)],
    [
      '  May cost',
      `${formatUsd(forecast.lowMicros)} (only machines answer) to ${formatUsd(forecast.highMicros)} (everybody talks for a minute)`,
    ],
    ['  Takes about', spokenDuration(forecast.dialingMs)],
  ];
  if (forecast.budgetMicros !== undefined) facts.push(['  Budget', formatUsd(forecast.budgetMicros)]);
  if (forecast.endsAt !== undefined) facts.push(['  Ends', new Date(forecast.endsAt).toISOString()]);
  const warnings = check.warnings.map((warning) => paint('yellow', `  ! ${warning}`));
  if (!check.suppressionsChecked) warnings.push(paint('yellow', '  ! The do-not-call list was not asked: no stack is up.'));
  const sections = [
    `${paint('bold', name)}  nobody was called\n${table(facts)}`,
    warnings.join('\n'),
    list(check.later, paint('bold', 'Later')),
    list(check.held, paint('bold', 'Not called')),
    list(check.rejected, paint('bold', 'Rejected rows')),
  ];
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`;
}

function list(rows: readonly CheckRow[], title: string): string {
  if (rows.length === 0) return '';
  const shown = rows.slice(0, MAX_ROWS).map((row) => [`  line ${row.line}`, row.phone === '' ? '(empty)' : row.phone, row.reason]);
  const left = rows.length - MAX_ROWS;
  return `${title}\n${table(shown)}${left > 0 ? `\n  … ${left} more (--json lists all)` : ''}`;
}
