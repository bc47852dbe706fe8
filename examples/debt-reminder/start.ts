/** One invoice. It waits for days: kill it at any moment and run it again, it goes on. Enter says that the money has come. */
import { join } from 'node:path';
import { Patter } from 'getpatter';
import { paidSignal, promisesQuery, remindOfDebt } from './workflow';

async function main(to = '+12125550100'): Promise<void> {
  // Account and number are those of the environment or of `.env`.
  const phone = new Patter({ workflows: join(__dirname, 'workflow.ts') });
  const { client, taskQueue } = await phone.workflows.connect();
  try {
    const handle = await client.workflow.start(remindOfDebt, {
      taskQueue,
      // One workflow for one invoice, however often this is run.
      ...{ workflowId: 'debt/2026-0815', workflowIdConflictPolicy: 'USE_EXISTING' },
      args: [{ phone: to, name: 'Ada', amount: '120 dollars' }],
    });
    console.log('Press Enter when the money has come.');
    process.stdin.once('data', () => {
      handle.signal(paidSignal).catch((error: unknown) => console.error(error));
    });
    const result = await handle.result();
    console.log(result, 'promised:', await handle.query(promisesQuery));
  } finally {
    process.stdin.pause();
    await phone.disconnect();
  }
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
