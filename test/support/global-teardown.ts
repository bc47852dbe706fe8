import { removeTestHome, testHome } from './test-home';

export default async function globalTeardown(): Promise<void> {
  await removeTestHome(testHome());
}
