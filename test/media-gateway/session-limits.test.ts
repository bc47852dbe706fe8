/** What a call says before its time is over, in a whole conversation with the lab. */
import { SessionWorld, said } from './session-phone';

let world: SessionWorld;
beforeAll(async () => {
  world = await SessionWorld.start();
});
afterAll(() => world.stop());

/** Another gateway has had all but so much of ten minutes. */
function lateInTheCall(leftMs: number, agent: object = {}) {
  const history = [{ role: 'assistant' as const, text: 'Hello Ada.', at: Date.now() - 600_000 + leftMs }];
  return world.call(world.setup({ agent }), { history, resume: 'connection_lost' });
}

it.concurrent('the caller is told that half a minute is left, once, and the talk goes on', async () => {
  const { phone, session } = lateInTheCall(32_000);
  await phone.untilHeard(/We have about half a minute left for this call\.$/, 30_000);
  // The talk is not over.
  await phone.untilSilent(1_000);
  phone.hangUp();
  const report = await session.done;
  expect(report.end).not.toBe('time_limit');
  expect(said(report, 'assistant').filter((text) => text.includes('half a minute'))).toHaveLength(1);
});

it.concurrent('or in other words, where it is not half a minute', async () => {
  const { phone, session } = lateInTheCall(61_000, { maxDurationWarningMs: 60_000 });
  await phone.untilHeard(/Our time for this call is nearly over\.$/, 30_000);
  phone.hangUp();
  expect(said(await session.done, 'assistant').some((text) => text.includes('half a minute'))).toBe(false);
});
