/** A process of its own: the worker of ./stub-call.workflow. */
import { CompleteAsyncError } from '@temporalio/activity';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

const [address = '', namespace = '', taskQueue = ''] = process.argv.slice(2);

async function main(): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    workflowsPath: require.resolve('./stub-call.workflow'),
    activities: {
      conversation: async () => {
        throw new CompleteAsyncError();
      },
    },
    maxConcurrentActivityTaskExecutions: 1_000,
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.({ done: 'listening', value: '' });
  // Ends by SIGTERM; the channel to the benchmark would keep the process.
  await worker.run();
  process.exit(0);
}

void main();
