/** A developer's process, cut down to what callbacks need: the dispatcher, the worker of the app, and a gateway that is told over IPC what happens. */
import { pino } from 'pino';
import { systemClock } from '../../contracts/clock';
import type { CallTaps } from '../../media-gateway/call-taps';
import { loadConfig } from '../../runtime/config';
import { CallbackDispatcher, createCallbackWorker } from '../../sdk/callbacks';
import { openStore } from '../../store/open';

type Tap = { [Name in keyof CallTaps]-?: { tap: Name; args: Parameters<NonNullable<CallTaps[Name]>> } }[keyof CallTaps];

async function main(): Promise<void> {
  const { APP = '', DATABASE = '', CRM = '', HOME_FOLDER = '' } = process.env;
  const config = loadConfig(process.env, HOME_FOLDER);
  const log = pino({ level: process.env.CHILD_LOG ?? 'silent' });
  /** A developer's functions: each writes to a CRM, which may be slow. */
  const tell = (event: { deliveryId: string }) =>
    fetch(CRM, { method: 'POST', body: JSON.stringify(event) }).then((response) => {
      if (!response.ok) throw new Error(`the CRM answered ${response.status}`);
    });
  const dispatcher = new CallbackDispatcher({
    app: APP,
    store: openStore(DATABASE),
    callbacksOf: () => ({ onCallStart: tell, onTranscript: tell, onMetrics: tell, onMachineDetection: tell, onCallEnd: tell }),
    allowPrivate: true,
    clock: systemClock,
    log,
  });
  process.on('message', ({ tap, args }: Tap) => (dispatcher.taps[tap] as (...all: unknown[]) => void)(...args));
  await createCallbackWorker({ config, app: APP, dispatcher, log });
  process.send?.('ready');
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
