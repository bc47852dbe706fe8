/** A developer's program in cloud mode: it greets, and is at what it is told next for ever. */
import { Patter } from '../../sdk';

async function main(): Promise<void> {
  const { API_KEY = '', BACKEND_URL, NUMBER } = process.env;
  const phone = new Patter({ apiKey: API_KEY, backendUrl: BACKEND_URL });
  await phone.connect({
    number: NUMBER,
    onMessage: ({ text }) => {
      process.send?.({ asked: text });
      return text === '' ? 'Acme, how can I help you?' : new Promise<string>(() => undefined);
    },
    onCallStart: (event) => void process.send?.({ started: event }),
    onTranscript: (event) => void process.send?.({ said: event }),
  });
  process.send?.({ connected: true });
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
