/** One lead, and the worker that the workflow's activities run in. Kill it at any moment and run it again: it goes on. */
import { join } from 'node:path';
import type { Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { Patter } from 'getpatter';
import { type CrmActivities, crmActivities } from './activities';
import { qualifyLead } from './workflow';

async function main(to = '+12125550100', ...sales: string[]): Promise<void> {
  // Account and number are those of the environment or of `.env`.
  const phone = new Patter({ workflows: join(__dirname, 'workflow.ts') });
  const { client, taskQueue } = await phone.workflows.connect();
  const connection = await NativeConnection.connect({ address: (client.connection as Connection).options.address });
  try {
    const worker = await Worker.create({
      ...{ connection, namespace: client.options.namespace, taskQueue: 'crm', activities: crm() },
      // Where PATTER_ENCRYPTION_KEY is set, what comes to the activities is encrypted.
      dataConverter: { payloadCodecs: client.options.loadedDataConverter.payloadCodecs },
    });
    const result = await worker.runUntil(
      client.workflow.execute(qualifyLead, {
        taskQueue,
        // One workflow for one lead, however often this is run.
        ...{ workflowId: 'lead/l1', workflowIdConflictPolicy: 'USE_EXISTING' },
        args: [{ id: 'l1', phone: to, name: 'Ada', sales: sales.length > 0 ? sales : ['+12125550101'] }],
      }),
    );
    console.log(result);
  } finally {
    await connection.close();
    await phone.disconnect();
  }
}

function crm(): CrmActivities {
  const url = process.env.CRM_URL;
  return url ? crmActivities(url) : { updateLead: async (update) => console.log('The CRM is told:', update) };
}

const [, , to, ...sales] = process.argv;
main(to, ...sales).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
