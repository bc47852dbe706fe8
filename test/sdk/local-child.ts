/** A developer's program with a server in it, that ends as its parent wants. */
import { Patter } from '../../sdk';

async function main(): Promise<void> {
  const port = Number(process.env.PORT);
  const phone = new Patter({ phoneNumber: process.env.NUMBER, webhookUrl: `127.0.0.1:${port}` });
  const agent = phone.agent({
    systemPrompt: 'You are the receptionist.',
    firstMessage: 'Acme, how can I help you?',
    disclosure: 'This is an AI.',
  });
  process.on('message', () => {
    throw new Error('nobody catches this');
  });
  await phone.serve({ agent, port, configureNumber: 'always' });
  process.send?.('ready');
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
