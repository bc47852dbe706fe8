import type { Command } from 'commander';
import { stopAll } from '../../control/campaigns/stop-all';
import { withControl } from '../open-control';
import { type TenantOptions, tenantNamed, withTenant } from '../tenant';
import { processTerminal } from '../terminal';

/** `patter stop --all`: the emergency stop. */
export function register(program: Command): void {
  withTenant(program.command('stop'))
    .description('stop every campaign at once and take back what the carrier still holds in its queue')
    .requiredOption('--all', 'every campaign; to stop one, use: patter campaign pause')
    .action((options: TenantOptions) =>
      withControl(async (ctx) => {
        const terminal = processTerminal();
        const stopped = await stopAll(ctx, 'patter stop --all', await tenantNamed(ctx, options));
        if (stopped.length === 0) terminal.out('No campaign is under way.\n');
        for (const { campaign, problem } of stopped) {
          terminal.out(
            `"${campaign.name}" is paused. Go on with: patter campaign resume ${campaign.name}; end it with: patter campaign cancel ${campaign.name}\n`,
          );
          if (problem) terminal.err(`  It dials nobody any more, but its queued calls were not taken back: ${problem}\n`);
        }
        if (stopped.some(({ problem }) => problem !== undefined)) process.exitCode = 1;
      }),
    );
}
