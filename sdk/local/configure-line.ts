/** The number of `serve()`: its line here, and at the carrier the way to it. */
import { join } from 'node:path';
import { createCarriers, requireCarrier } from '../../carriers';
import type { AgentSpec } from '../../contracts/agent';
import type { CarrierName } from '../../contracts/carrier';
import { isPatterError, PatterError } from '../../contracts/errors';
import { type LineSpec, lineFileSchema } from '../../contracts/line';
import { configureNumber, setLine } from '../../control/lines/lines';
import { readJsonFile, writePrivateFile } from '../../runtime/home';
import type { Logger } from '../../runtime/log';
import type { TransferSpec } from '../options/serve';
import type { OpenHome } from './open-home';

export interface ServedLine {
  number: string;
  carrier: CarrierName;
  agent: AgentSpec;
  recording: boolean;
  transfer: TransferSpec | undefined;
}

export function lineOf({ agent, carrier, number, recording, transfer }: ServedLine): LineSpec {
  const name = `serve-${number.slice(1)}`;
  return lineFileSchema.parse({ name, number, carrier, agent, ...(recording ? { recording: {} } : {}), ...(transfer && { transfer }) });
}

/** From the next call on, this agent answers the number. */
export async function serveLine(home: OpenHome, line: ServedLine): Promise<void> {
  const { notes } = await setLine(home.ctx, lineOf(line));
  for (const note of notes) home.ctx.log.warn(note);
}

export type ConfigureMode = 'always' | 'if-unset' | false;

/**
 * Tells the carrier to send the number's calls here.
 * @throws PatterError PATTER_NUMBER_TAKEN with `if-unset`, when the carrier sends them to something that is not ours
 */
export async function pointNumber(
  home: OpenHome,
  target: { number: string; carrier: CarrierName; publicUrl: string },
  mode: ConfigureMode,
  log: Logger,
): Promise<void> {
  if (mode === false) return;
  const { number, publicUrl } = target;
  const carrier = requireCarrier(createCarriers(home.config), target.carrier);
  // Where a server of this folder was before, under the name of a tunnel that is gone: nobody else's.
  const before = readNote(home)[number];
  const wasOurs = before !== undefined && before !== publicUrl && (await carrier.numbers.routing(number, before))?.ours === true;
  try {
    const { how, alsoMoved } = await configureNumber(carrier, { number, publicUrls: [publicUrl], force: mode === 'always' || wasOurs });
    if (before !== publicUrl) writePrivateFile(noteFile(home), `${JSON.stringify({ ...readNote(home), [number]: publicUrl })}\n`);
    if (how === 'changed') log.info({ carrier: carrier.name, publicUrl, alsoMoved }, 'the number sends its calls here now');
  } catch (error) {
    if (isPatterError(error, 'PATTER_NUMBER_NOT_OWNED')) {
      // A verified caller id may call and cannot be called.
      log.warn({ carrier: carrier.name }, `the account does not own the number of serve(): ${error.message} It can only call.`);
      return;
    }
    if (!isPatterError(error, 'PATTER_NUMBER_TAKEN')) throw error;
    throw new PatterError(
      'PATTER_NUMBER_TAKEN',
      `${number} sends its calls to ${String(error.details.target)}. Nothing was changed: serve({ configureNumber: 'always' }) puts this server in its place${error.details.alsoMoves ? `, for ${String(error.details.alsoMoves)}` : ''}; configureNumber: false leaves the number alone.`,
      { cause: error, details: error.details },
    );
  }
}

type Note = Readonly<Record<string, string>>;

function noteFile(home: OpenHome): string {
  return join(home.config.PATTER_HOME, 'numbers.json');
}

function readNote(home: OpenHome): Note {
  return readJsonFile<Note>(noteFile(home)) ?? {};
}
