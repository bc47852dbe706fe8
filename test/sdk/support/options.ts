/** What the tests of the options share. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PatterError, PatterValidationError } from '../../../sdk';

export const KEYS = { twilioSid: 'AC1', twilioToken: 'token', openaiKey: 'sk-1', phoneNumber: '+15005550006' };
export const PROMPT = 'You are a helpful assistant.';

/** What the environment of the tests must not decide. */
const NAMES = /^(TWILIO|TELNYX|OPENAI|DEEPGRAM|ELEVENLABS|PATTER)_|^(PHONE_NUMBER|WEBHOOK_URL)$/;

/** Every test of the file runs without keys in the environment, in an empty folder of its own. */
export function inEmptyFolder(): { readonly path: string } {
  const folder = { path: '' };
  let saved: NodeJS.ProcessEnv;
  let cwd: string;
  beforeEach(() => {
    saved = process.env;
    process.env = Object.fromEntries(Object.entries(saved).filter(([name]) => !NAMES.test(name)));
    cwd = process.cwd();
    folder.path = mkdtempSync(join(tmpdir(), 'patter-options-'));
    process.chdir(folder.path);
  });
  afterEach(() => {
    process.env = saved;
    process.chdir(cwd);
    rmSync(folder.path, { recursive: true });
  });
  return folder;
}

export function caught(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

export function refused(act: () => unknown): string {
  const error = caught(act);
  expect(error).toBeInstanceOf(PatterValidationError);
  expect((error as PatterError).code).toBe('PATTER_OPTION_INVALID');
  return (error as Error).message;
}

export function warnings(): { codes: string[]; stop(): void } {
  const codes: string[] = [];
  const spy = jest.spyOn(process, 'emitWarning').mockImplementation(((_: string, options: { code: string }) => {
    codes.push(options.code);
  }) as never);
  return { codes, stop: () => spy.mockRestore() };
}
