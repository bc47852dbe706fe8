/** `patter deploy`: which build of the worker takes new calls. */
import type { Connection } from '@temporalio/client';
import type { Command } from 'commander';
import { PatterError } from '../../contracts/errors';
import { loadConfig } from '../../runtime/config';
import { deploymentName, WorkerDeployment } from '../../runtime/deployment';
import { connectClient } from '../../runtime/temporal';
import { printJson } from '../output';
import { configOfRunningStack } from '../stack';

const COUNT_UP_TO = 1_000;

export function register(program: Command): void {
  const deploy = program.command('deploy').description('which build of the worker takes new calls (Worker Deployment Versioning)');
  deploy
    .command('status')
    .description('builds that Temporal knows, and how many calls are bound to each')
    .option('--json', 'as JSON')
    .action((options: { json?: boolean }) =>
      withDeployment(async (deployment) => {
        const { currentBuildId, versions } = await stateOf(deployment);
        const builds = await Promise.all(
          versions.map(async ({ buildId, status }) => ({
            buildId,
            status,
            bound: (await deployment.pinnedTo(buildId, COUNT_UP_TO)).length,
          })),
        );
        if (options.json) return printJson({ deployment: deployment.name, current: currentBuildId ?? null, builds });
        const lines = builds.map(({ buildId, status, bound }) => `  ${buildId.padEnd(28)} ${status.padEnd(9)} ${bound} bound\n`);
        process.stdout.write(
          `Deployment ${deployment.name}; new calls go to ${currentBuildId ?? 'workers without a version'}.\n${lines.join('')}`,
        );
      }),
    );
  deploy
    .command('promote <build>')
    .description('new calls go to this build from now on; "unversioned": to workers with PATTER_WORKER_VERSIONING=off')
    .action((build: string) =>
      withDeployment(async (deployment) => {
        await stateOf(deployment);
        if (!(await deployment.makeCurrent(build === 'unversioned' ? undefined : build))) {
          throw new PatterError(
            'PATTER_PROCESS_FAILED',
            `Temporal has seen no worker of build ${build}: start one, then \`patter deploy status\`.`,
            {
              details: { build },
            },
          );
        }
        process.stdout.write(`New calls go to ${build}; those in progress end where they are.\n`);
      }),
    );
}

async function stateOf(deployment: WorkerDeployment) {
  const state = await deployment.state();
  if (!state) throw new PatterError('PATTER_TEMPORAL_UNAVAILABLE', 'This Temporal has no worker deployments (server 1.28 and later have).');
  return state;
}

async function withDeployment(work: (deployment: WorkerDeployment) => Promise<void>): Promise<void> {
  const config = configOfRunningStack(loadConfig());
  const client = await connectClient(config);
  try {
    await work(new WorkerDeployment(client.connection as Connection, config.TEMPORAL_NAMESPACE, deploymentName(config)));
  } finally {
    await client.connection.close();
  }
}
