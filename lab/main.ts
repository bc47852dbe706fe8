/** `patter lab`: a phone network and an AI vendor on one port, for everything that must not ring a real phone. */
import { randomInt } from 'node:crypto';
import type { Logger } from 'pino';
import { registerControl } from './control-routes';
import { registerDeepgram } from './deepgram';
import { registerElevenLabs } from './elevenlabs';
import { registerOpenAi } from './openai';
import { Casting, loadScenario, type ScenarioInput } from './scenario';
import { createLabServer } from './server';
import { registerTelnyx } from './telnyx';
import { type TelnyxAccount, telnyxAccount } from './telnyx/account';
import { registerTwilio } from './twilio';

export interface LabOptions {
  /** 0, the default, takes a free port. */
  port?: number;
  host?: string;
  /** A file, the name of one in `lab/scenarios/`, or its content. */
  scenario?: string | ScenarioInput;
  /** The same seed gives the same choices. */
  seed?: number;
  /** Of the modem that is everybody's voice: 150 has the pace of speech, 1,200 makes tests fast. */
  baud?: number;
  /** Overrides the scenario's. */
  twilioCps?: number;
  log: Logger;
}

/** The shape that every long-running part of the product has; written out, because the lab imports nothing of the product but contracts. */
export interface RunningLab {
  readonly role: 'lab';
  readonly urls: { readonly lab: string };
  /** What a product needs to be the lab's customer at Telnyx; `TELNYX_BASE_URL` is `urls.lab` with `/v2` appended. */
  readonly telnyx: TelnyxAccount;
  problems(): Promise<string[]>;
  stop(): Promise<void>;
  readonly closed: Promise<void>;
}

/** Starts the lab; `urls.lab` is what `TWILIO_BASE_URL` takes, and with `/v1` appended `OPENAI_BASE_URL`. */
export async function runLab(options: LabOptions): Promise<RunningLab> {
  const scenario = loadScenario(options.scenario);
  const casting = new Casting(scenario);
  const seed = options.seed ?? randomInt(2 ** 31);
  const lab = await createLabServer(scenario, { baud: options.baud ?? 300, seed, brain: scenario.brain }, options.log);
  registerControl(lab, scenario.tools);
  registerTwilio(lab, { scenario, casting, cps: options.twilioCps ?? scenario.network.cps ?? 1 });
  registerTelnyx(lab, { scenario, casting });
  registerOpenAi(lab);
  registerDeepgram(lab);
  registerElevenLabs(lab, {}, { agents: scenario.elevenlabs.agents, tools: Object.keys(scenario.tools) });
  await lab.listen(options.host ?? '127.0.0.1', options.port ?? 0);
  options.log.info({ url: lab.url, seed }, 'the lab listens');

  let stopping: Promise<void> | undefined;
  let closed: () => void = () => undefined;
  const untilClosed = new Promise<void>((resolve) => {
    closed = resolve;
  });
  return {
    role: 'lab',
    urls: { lab: lab.url },
    telnyx: telnyxAccount(scenario.telnyx),
    problems: async () => [],
    stop() {
      stopping ??= lab.stop().finally(closed);
      return stopping;
    },
    closed: untilClosed,
  };
}
