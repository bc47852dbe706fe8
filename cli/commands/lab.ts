/** `patter lab`: the simulated phone network and AI vendor. */
import type { Command } from 'commander';
import type { LabOptions, RunningLab } from '../../lab/main';
import { loadConfig } from '../../runtime/config';
import { createLogger } from '../../runtime/log';
import { runProcess } from '../../runtime/process';
import { checkLabEnvironmentFile, labEnvironment, writeLabEnvironment } from '../lab-environment';
import { readCount, readPort } from './role';

interface LabCommandOptions {
  port: number;
  host: string;
  scenario?: string;
  seed?: number;
  baud?: number;
  cps?: number;
  writeEnv?: string;
}

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
    .option('--write-env <file>', "write here what makes a program the lab's customer; `.env` is read by programs in the same folder")
    .addHelpText(
      'after',
      '\nPoint TWILIO_BASE_URL at the printed address, OPENAI_BASE_URL at the same with /v1 and TELNYX_BASE_URL with /v2; `patter dev --lab` does so itself.',
    )
    .action(async (options: LabCommandOptions) => {
      const config = loadConfig();
      // A person reads along then.
      const log = createLogger(
        'lab',
        options.writeEnv !== undefined && config.PATTER_LOG_LEVEL === 'info' ? 'warn' : config.PATTER_LOG_LEVEL,
      );
      const { runLab } = require('../../lab/main') as typeof import('../../lab/main');
      const { loadScenario } = require('../../lab/scenario') as typeof import('../../lab/scenario');
      const open = async (lab: LabOptions): Promise<RunningLab> => {
        const scenario = loadScenario(lab.scenario);
        const running = await runLab(lab);
        if (writeEnv !== undefined) {
          const [PHONE_NUMBER = ''] = scenario.numbers;
          writeLabEnvironment(writeEnv, {
            ...labEnvironment(running.urls.lab, { twilio: scenario.account, telnyx: running.telnyx }),
            // What a program of one's own has besides; processes of `patter dev` don't read them.
            ...{ PHONE_NUMBER, WEBHOOK_URL: '127.0.0.1:8000' },
          });
          process.stdout.write(told(running.urls.lab, scenario.numbers[0], writeEnv));
        }
        return running;
      };
      const { cps, writeEnv, ...rest } = options;
      if (writeEnv !== undefined) checkLabEnvironmentFile(writeEnv);
      const code = await runProcess({ home: config.PATTER_HOME, role: 'lab', log, stopDeadlineMs: 5_000 }, () =>
        open({ ...rest, twilioCps: cps, log }),
      );
      process.exit(code);
    });
}

function told(url: string, number: string | undefined, file: string): string {
  return [
    `The lab is ready at ${url}. Whoever reads ${file} calls simulated people, and nobody real.`,
    `Any number answers. The account has ${number ?? 'no number'}; to have somebody call it:`,
    `  curl -X POST ${url}/lab/twilio/inbound -H 'content-type: application/json' -d '{"from":"+12125550199","to":"${number ?? '+1…'}","persona":"confirms"}'`,
    'Ctrl-C ends it.',
    '',
  ].join('\n');
}
