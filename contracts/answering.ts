/** What is done with whoever picks up and is neither a person nor a mailbox. Only with `machineDetection`. docs/amd.md has the reasons. */
import { z } from 'zod';
import { durationMs } from './duration';

export const answeringSchema = z.strictObject({
  /** Said to a call screener: who calls and why, in a sentence. Empty: made of the first message. `{variables}` are replaced. */
  screening: z.string().max(400).default(''),
  /** How long a person may take to come on the line after it. */
  screeningWait: durationMs.default(30_000),
  /** Nobody has said a word for so long: greeted once more, and after as long again the call ends. */
  silence: durationMs.default(8_000),
  /** The same menu heard so often leads nowhere. */
  menuRepeats: z.number().int().min(2).max(10).default(3),
  /** So do so many presses without a new prompt. */
  menuPresses: z.number().int().min(1).max(20).default(5),
  /** Between two presses: menus drop keys that come while they change over. */
  pressPause: durationMs.default(2_000),
});
export type AnsweringSpec = z.output<typeof answeringSchema>;
export const DEFAULT_ANSWERING: AnsweringSpec = answeringSchema.parse({});
