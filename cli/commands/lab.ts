/** `patter lab`: the simulated phone network and AI vendor. */
import type { Command } from 'commander';
import { loadConfig } from '../../runtime/config';
import { createLogger } from '../../runtime/log';
import { runProcess } from '../../runtime/process';
import { readCount, readPort } from './role';

export function register(program: Command): void {
  program
    .command('lab')
    .description("simulate the phone network and the AI vendor on one port, in the vendors' own protocols")
    .option('--port <port>', 'port to listen on; 0 takes a free one', readPort, 0)
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--scenario <file or name>', 'who has which number, and what goes wrong')
    .option('--seed <n>', 'the same seed gives the same choices', Number)
    .option('--baud <n>', "speed of everybody's voice: 150 has the pace of speech, 1200 makes tests fast", readCount)
    .option('--cps <n>', 'calls the carrier dials a second; the rest waits in its queue', Number)
    .addHelpText(
      'after',
      '\nPoint TWILIO_BASE_URL at the printed address, OPENAI_BASE_URL at the same with /v1 and TELNYX_BASE_URL with /v2; `patter dev --lab` does so itself.',
    )
    .action(async (options: { port: number; host: string; scenario?: string; seed?: number; baud?: number; cps?: number }) => {
      const config = loadConfig();
      const log = createLogger('lab', config.PATTER_LOG_LEVEL);
      const { runLab } = require('../../lab/main') as typeof import('../../lab/main');
      const { cps, ...rest } = options;
      const code = await runProcess({ home: config.PATTER_HOME, role: 'lab', log, stopDeadlineMs: 5_000 }, () =>
        runLab({ ...rest, twilioCps: cps, log }),
      );
      process.exit(code);
    });
}
