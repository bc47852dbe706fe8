/** The variables that make a program the lab's customer, and the file that gives them to one. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { PatterError } from '../contracts/errors';
import { type TelnyxAccount, telnyxLabEnvironment } from '../lab/telnyx/account';

const MARK = '# Written by `patter lab`: no real phone rings, nothing costs money.';

/** @param accounts the customer's at Twilio and Telnyx */
export function labEnvironment(lab: string, accounts: { twilio: { sid: string; authToken: string }; telnyx: TelnyxAccount }) {
  return {
    TWILIO_BASE_URL: lab,
    TWILIO_ACCOUNT_SID: accounts.twilio.sid,
    TWILIO_AUTH_TOKEN: accounts.twilio.authToken,
    ...telnyxLabEnvironment(lab, accounts.telnyx),
    OPENAI_BASE_URL: `${lab}/v1`,
    OPENAI_API_KEY: 'lab-openai-key',
    DEEPGRAM_BASE_URL: `${lab}/deepgram`,
    DEEPGRAM_API_KEY: 'lab-deepgram-key',
    ELEVENLABS_BASE_URL: `${lab}/elevenlabs`,
    ELEVENLABS_API_KEY: 'lab-elevenlabs-key',
  } as const;
}

/**
 * Writes the file anew if an earlier lab has written it.
 * @throws PatterError PATTER_CONFIG_INVALID when it is somebody else's: keys may be in it
 */
export function writeLabEnvironment(file: string, variables: Readonly<Record<string, string>>): void {
  checkLabEnvironmentFile(file);
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  writeFileSync(file, `${[MARK, ...lines].join('\n')}\n`);
}

/** Before anything is started. @throws as writeLabEnvironment */
export function checkLabEnvironmentFile(file: string): void {
  if (!existsSync(file) || readFileSync(file, 'utf8').startsWith(MARK)) return;
  throw new PatterError(
    'PATTER_CONFIG_INVALID',
    `${file} has something else in it, and is left as it is. Name another file, or move it away: mv ${file} ${file}.real`,
  );
}
