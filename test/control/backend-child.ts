/** A control process of its own, to be killed. */
import { runControl } from '../../control/main';
import { loadConfig } from '../../runtime/config';

runControl(loadConfig(process.env, process.env.PATTER_HOME)).then(
  ({ urls }) => process.send?.({ url: urls.api }),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
