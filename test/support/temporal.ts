import { randomBytes } from 'node:crypto';
import { type LocalTemporal, startLocalTemporal } from '../../runtime/local-temporal';
import { testHome } from './test-home';

export interface TestTemporal extends Pick<LocalTemporal, 'address'> {
  /** Holds the product's search attributes; shared by all test files. */
  namespace: string;
  /** Of this call alone. */
  taskQueue: string;
}

/** The one in-memory Temporal dev server of this jest run, which the first caller starts. Isolate by task queue and by your own workflow ids. */
export async function startTestTemporal(): Promise<TestTemporal> {
  const namespace = 'patter';
  const server = await startLocalTemporal(testHome(), { namespace, headless: true, inMemory: true });
  return { address: server.address, namespace, taskQueue: `test-${randomBytes(6).toString('hex')}` };
}
