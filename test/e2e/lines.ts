/** Numbers that people call, and people who call them, on a world's lab. */
import { createCarriers, requireCarrier } from '../../carriers';
import { inboundCallId } from '../../contracts/call-id';
import type { CarrierName } from '../../contracts/carrier';
import { inboundDigest } from '../../contracts/ids';
import { type LineFile, lineFileSchema } from '../../contracts/line';
import { configureNumber, setLine } from '../../control/lines/lines';
import { until } from '../chaos/until';
import type { World } from './world';

const ADMITTED_WITHIN_MS = 120_000;

/** Each number has its agent, and the phone companies are told to send its calls here. */
export async function answerLines(world: World, lines: readonly LineFile[]): Promise<void> {
  const publicUrls = (await world.ctx.store.gateways.live(new Date())).map(({ publicUrl }) => publicUrl).sort();
  const carriers = createCarriers(world.stack.config);
  for (const file of lines) {
    const line = lineFileSchema.parse(file);
    await setLine(world.ctx, line);
    await configureNumber(requireCarrier(carriers, line.carrier), { number: line.number, publicUrls, force: false });
  }
}

/** Somebody calls a number; the call's id as soon as it has a record. */
export async function callIn(
  world: World,
  { carrier, ...call }: { carrier: CarrierName; from: string; to: string; persona: string },
): Promise<string> {
  const made = await send(`${world.stack.labUrl}/lab/${carrier}/inbound`, { body: call });
  const callId = inboundCallId(inboundDigest(carrier, String(made.callSid ?? made.callControlId)));
  await until(async () => (await world.ctx.store.attempts.get(callId)) !== undefined, {
    withinMs: ADMITTED_WITHIN_MS,
    what: `the call from ${call.from}`,
    everyMs: 100,
  });
  return callId;
}

async function send(url: string, { body }: { body: unknown }): Promise<Record<string, unknown>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
}
