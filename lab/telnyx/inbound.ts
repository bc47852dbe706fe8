/** `POST /lab/telnyx/inbound`: somebody calls one of the account's numbers. And the files behind the links of recordings. */
import { z } from 'zod';
import type { HumanPersona } from '../persona';
import { who } from '../scenario';
import { Leg } from './leg';
import type { TelnyxNetwork } from './network';

const inboundSchema = z.strictObject({
  /** The caller's number. */
  from: z.string(),
  /** One of the account's. */
  to: z.string(),
  /** Who calls; unless told, whoever the scenario has at `from`. */
  persona: who.optional(),
  /** Hangs up when nobody has answered for so long. */
  giveUpAfterMs: z.number().int().positive().default(30_000),
  /** Headers of the INVITE: `{ "X-Customer-Id": "7" }`. Telnyx passes on those that begin with X-. */
  sipHeaders: z.record(z.string().regex(/^X-/), z.string()).default({}),
  /** As the phone network shows it. */
  callerName: z.string().optional(),
  /** How often the announcement is sent besides the one that counts, with the same id. */
  repeats: z.number().int().min(0).max(5).default(0),
});

export type InboundInput = z.input<typeof inboundSchema>;

const TIME_LIMIT_MS = 4 * 3_600_000;

export function registerInbound(network: TelnyxNetwork): void {
  const { app } = network.lab;
  app.post('/lab/telnyx/inbound', (request, reply) => {
    const parsed = inboundSchema.safeParse(request.body);
    if (!parsed.success) return reply.code(400).send({ error: z.prettifyError(parsed.error) });
    const { from, to, persona, giveUpAfterMs, sipHeaders, callerName, repeats } = parsed.data;
    const owned = network.owned(to);
    if (!owned) return reply.code(404).send({ error: `${to} is not a number of the account` });
    if (owned.connectionId === null)
      return reply.code(409).send({ error: `${to} has no connection: the caller hears that it is not in service` });
    let caller: { name: string; persona: HumanPersona };
    try {
      caller = callerOf(network, from, persona);
    } catch (error) {
      return reply.code(400).send({ error: (error as Error).message });
    }
    const leg = new Leg(network, {
      to,
      from,
      direction: 'incoming',
      connectionId: owned.connectionId,
      webhookUrl: undefined,
      clientState: undefined,
      timeoutMs: giveUpAfterMs,
      timeLimitMs: TIME_LIMIT_MS,
      linkedTo: undefined,
      initialState: 'parked',
      customHeaders: Object.entries(sipHeaders).map(([name, value]) => ({ name, value })),
      ...{ callerName, repeats },
      detection: undefined,
      stream: undefined,
      parkAfterUnbridge: false,
      answered: () => undefined,
    });
    leg.receive(caller.name, caller.persona, giveUpAfterMs);
    return { callControlId: leg.callControlId, callLegId: leg.callLegId, callSessionId: leg.callSessionId };
  });

  app.get<{ Params: { token: string } }>('/lab/telnyx/files/:token.wav', (request, reply) => {
    const file = network.recordings.file(request.params.token);
    return file ? reply.type('audio/wav').send(file) : reply.code(403).send();
  });
}

function callerOf(network: TelnyxNetwork, from: string, role: z.output<typeof who> | undefined): { name: string; persona: HumanPersona } {
  const { name, persona } = role === undefined ? network.casting.peek(from) : network.casting.resolve(role);
  if (persona.kind !== 'human') throw new Error(`${name} is no person: a ${persona.kind} does not call`);
  return { name, persona };
}
