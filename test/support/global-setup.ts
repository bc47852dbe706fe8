import { temporalBinary } from '../../runtime/temporal-binary';
import { createTestHome, removeAbandonedTestHomes } from './test-home';
import { testServerProgram } from './time-skipping';

/**
 * What has to be fetched is fetched here, where minutes do no harm: a test's own deadline would end it. Without it the tests that need it fail, or
 * say why they skip, and all others run.
 */
export default async function globalSetup(): Promise<void> {
  await removeAbandonedTestHomes();
  createTestHome();
  const tell = (line: string) => void process.stderr.write(`${line}\n`);
  const [temporal, testServer] = await Promise.allSettled([temporalBinary({ tell }), testServerProgram()]);
  if (temporal.status === 'rejected') tell(String(temporal.reason));
  if (testServer.status === 'rejected') tell(String(testServer.reason));
  else if ('unavailable' in testServer.value) tell(testServer.value.unavailable);
}
