import { startTimeSkipping } from './support/time-skipping';

test('a server that skips time starts, or says why there is none', async () => {
  const server = await startTimeSkipping();
  if ('unavailable' in server) {
    expect(server.unavailable).toMatch(/download: .+; Maven: .+/);
    return;
  }
  const before = await server.environment.currentTimeMs();
  await server.environment.sleep('3 hours');
  expect((await server.environment.currentTimeMs()) - before).toBeGreaterThanOrEqual(3 * 3_600_000);
  await server.environment.teardown();
}, 400_000);
