/** A control process of its own, to be killed. */
import { runControl } from '../../control/main';
import { loadConfig } from '../../runtime/config';

// One that looks for no events leaves those of its programs to the others.
const events = process.env.NO_EVENTS === undefined ? undefined : { lookEveryMs: 3_600_000 };

runControl(loadConfig(process.env, process.env.PATTER_HOME), { backend: { events } }).then(
  ({ urls }) => process.send?.({ url: urls.api }),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
