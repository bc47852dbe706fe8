/** Inbound lines: who answers which number, and where the carrier sends its calls. */
import type { CountryCode } from 'libphonenumber-js/max';
import type { CarrierName } from '../../contracts/carrier';
import type { CarrierNumbers } from '../../contracts/carrier-numbers';
import { PatterError } from '../../contracts/errors';
import { DEFAULT_TENANT } from '../../contracts/ids';
import type { LineSpec } from '../../contracts/line';
import { campaignOfLine } from '../../contracts/line';
import type { AttemptRow, LineRow } from '../../store/store';
import { forbiddenUrls } from '../campaigns/forbidden-urls';
import { normalizePhone } from '../campaigns/judge-contact';
import type { ControlContext } from '../context';
import { ensureLineSweep } from './line-sweep';

export interface SetLine {
  line: LineRow;
  how: 'made' | 'changed';
  /** What the caller should know, as sentences. */
  notes: string[];
}

/** Makes the number's line, or gives it another spec: the next call meets that one. The carrier is not touched. */
export async function setLine(ctx: ControlContext, spec: LineSpec, tenantId = DEFAULT_TENANT): Promise<SetLine> {
  const { how, line } = await ctx.store.lines.set({ tenantId, line: spec, now: new Date(ctx.clock.now()) });
  await ensureLineSweep(ctx);
  return { line, how, notes: forbiddenUrls(campaignOfLine(spec), ctx.config) };
}

/** @throws PatterError PATTER_LINE_NOT_FOUND */
export async function removeLine(ctx: ControlContext, number: string, tenantId = DEFAULT_TENANT): Promise<{ number: string }> {
  const e164 = numberOf(number);
  if (!(await ctx.store.lines.remove(tenantId, e164, new Date(ctx.clock.now())))) throw noLine(e164);
  return { number: e164 };
}

/** Newest first. @throws PatterError PATTER_LINE_NOT_FOUND */
export async function lineCalls(
  ctx: ControlContext,
  number: string,
  limit: number,
  tenantId = DEFAULT_TENANT,
): Promise<{ line: LineRow; calls: AttemptRow[] }> {
  const line = await findLine(ctx, number, tenantId);
  return { line, calls: await ctx.store.lines.calls(line.campaignId, limit) };
}

/** @throws PatterError PATTER_LINE_NOT_FOUND */
export async function findLine(ctx: ControlContext, number: string, tenantId = DEFAULT_TENANT): Promise<LineRow> {
  const e164 = numberOf(number);
  const line = await ctx.store.lines.get(tenantId, e164);
  if (!line) throw noLine(e164);
  return line;
}

export interface ConfigureOptions {
  number: string;
  /** Of our gateways: the first is told to the carrier, the second where it has a place for another. */
  publicUrls: readonly string[];
  /** Also where something else is there. */
  force: boolean;
}

export interface Configured {
  number: string;
  /** `already`: nothing had to be changed. */
  how: 'already' | 'changed';
  /** What was there before. */
  before: string | undefined;
  /** Whose calls come here now as well: the carrier keeps one address for all of them. */
  alsoMoved?: string;
}

/**
 * Sends the number's calls here. Only when asked, and never silently over something else.
 * @throws PatterError PATTER_NUMBER_TAKEN (tells what is there), PATTER_NUMBER_NOT_OWNED
 */
export async function configureNumber(
  carrier: { name: CarrierName; numbers: CarrierNumbers },
  options: ConfigureOptions,
): Promise<Configured> {
  const [publicUrl, fallbackUrl] = options.publicUrls;
  if (!publicUrl) throw new PatterError('PATTER_CONFIG_INVALID', 'Set PATTER_PUBLIC_URL: the carrier has to be told where to send calls.');
  const number = numberOf(options.number);
  const routing = await carrier.numbers.routing(number, publicUrl);
  if (!routing) throw new PatterError('PATTER_NUMBER_NOT_OWNED', `The ${carrier.name} account does not own ${number}.`);
  const { target: before, alsoMoves } = routing;
  if (routing.ours) return { number, how: 'already', before };
  // Our own address without its status callback, or of a gateway that has moved, is somebody else's too: nobody knows here.
  if (before !== undefined && !options.force) {
    throw new PatterError(
      'PATTER_NUMBER_TAKEN',
      `${number} sends its calls to ${before}. Nothing was changed; --force puts this Patter in its place${alsoMoves ? `, for ${alsoMoves}` : ''}.`,
      {
        details: { number, target: before, ...(alsoMoves && { alsoMoves }) },
      },
    );
  }
  await carrier.numbers.point(number, publicUrl, fallbackUrl);
  return { number, how: 'changed', before, ...(alsoMoves && { alsoMoved: alsoMoves }) };
}

function numberOf(text: string, region?: CountryCode): string {
  if (/^\+[1-9]\d{6,14}$/.test(text)) return text;
  const number = normalizePhone(text, region);
  if ('phone' in number) return number.phone;
  throw new PatterError('PATTER_CONTACT_PHONE_INVALID', `${text}: ${number.problem}. Write it in E.164 form, as in +12125550100.`);
}

function noLine(number: string): PatterError {
  return new PatterError('PATTER_LINE_NOT_FOUND', `${number} has no line. Make one with: patter numbers set <file>`, {
    details: { number },
  });
}
