/** One appointment, and the worker that the workflow's activities run in. Kill it at any moment and run it again: it goes on. */
import { join } from 'node:path';
import type { Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { Patter } from 'getpatter';
import { type BookingActivities, bookingActivities } from './activities';
import { confirmAppointment } from './workflow';

async function main(to = '+12125550100'): Promise<void> {
  // Account and number are those of the environment or of `.env`.
  const phone = new Patter({ workflows: join(__dirname, 'workflow.ts') });
  const { client, taskQueue } = await phone.workflows.connect();
  const connection = await NativeConnection.connect({ address: (client.connection as Connection).options.address });
  try {
    const worker = await Worker.create({
      ...{ connection, namespace: client.options.namespace, taskQueue: 'booking', activities: booking() },
      // Where PATTER_ENCRYPTION_KEY is set, what comes to the activities is encrypted.
      dataConverter: { payloadCodecs: client.options.loadedDataConverter.payloadCodecs },
    });
    const result = await worker.runUntil(
      client.workflow.execute(confirmAppointment, {
        taskQueue,
        // One workflow for one appointment, however often this is run.
        ...{ workflowId: 'appointment/a1', workflowIdConflictPolicy: 'USE_EXISTING' },
        args: [{ id: 'a1', phone: to, name: 'Ada', when: 'on Tuesday at ten' }],
      }),
    );
    console.log(result);
  } finally {
    await connection.close();
    await phone.disconnect();
  }
}

function booking(): BookingActivities {
  const url = process.env.BOOKING_URL;
  return url ? bookingActivities(url) : { rebook: async (change) => console.log('The booking system is told:', change) };
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
