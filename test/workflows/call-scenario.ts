/** Calls from their start to their record, each one's history under the name of the state it ends in. */
import { type Bench, recordHistory, startBench } from './bench';
import type { CallWorld } from './call-world';

export interface Scenario {
  world: CallWorld;
  play(): Promise<void>;
}

export function callScenarios() {
  let bench: Bench | undefined;
  beforeAll(async () => {
    bench = await startBench();
  }, 300_000);
  afterAll(() => bench?.stop());

  return {
    theBench: () => bench,
    scenario(title: string, history: string, script: (bench: Bench) => Scenario): void {
      test(title, async () => {
        if (!bench) return;
        const { world, play } = script(bench);
        await bench.run(world.activities, async () => {
          await world.start();
          await play();
          await recordHistory(world.handle, `call.${history}`);
        });
      });
    },
  };
}
