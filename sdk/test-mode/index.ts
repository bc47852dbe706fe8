/** `phone.test()`: a conversation with the agent in the terminal, without telephony, recogniser and voice. */
import { createInterface } from 'node:readline';
import type { LocalConfigFields } from '../options/constructor';
import type { ResolvedTestOptions } from '../options/serve';
import { TestSession } from './session';

export interface TestIo {
  input: NodeJS.ReadableStream & { isTTY?: boolean };
  output: NodeJS.WritableStream;
}

/** Resolves when the session is over: `/quit`, `/hangup`, the agent's own end, or the end of the input (a pipe's, or Ctrl-D). */
export async function runTestMode(
  options: ResolvedTestOptions,
  config: Pick<LocalConfigFields, 'openaiKey' | 'phoneNumber' | 'webhookSecret'>,
  { input, output }: TestIo = { input: process.stdin, output: process.stdout },
): Promise<void> {
  const session = new TestSession({ options, local: config, print: (line) => void output.write(`${line}\n`) });
  // Not from the terminal itself: what a pipe brings while an answer is under way waits in the interface.
  const lines = createInterface({ input, terminal: false });
  const typed = lines[Symbol.asyncIterator]();
  const prompt = () => {
    if (input.isTTY) output.write('You: ');
  };
  try {
    await session.start();
    while (!session.ended) {
      prompt();
      const { done, value } = await typed.next();
      if (done) break;
      await session.line(value);
    }
  } finally {
    lines.close();
    await session.stop();
  }
}
