import { createTestHome, removeAbandonedTestHomes } from './test-home';

export default async function globalSetup(): Promise<void> {
  await removeAbandonedTestHomes();
  createTestHome();
}
