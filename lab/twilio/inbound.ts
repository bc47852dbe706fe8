/** `POST /lab/twilio/inbound`: a person calls one of the account's numbers. It rings until the number's TwiML answers. */
import { z } from 'zod';
import { who } from '../scenario';
import { Call } from './call';
import type { PhoneNetwork } from './network';
import type { PhoneNumbers } from './numbers';
import { Program } from './program';
import { sendSigned } from './signed-request';

/** Four hours, as the real one. */
const TIME_LIMIT_MS = 14_400_000;

const inboundSchema = z.strictObject({
  /** E.164, or what Twilio has in its place, as `+266696687` for a number that is withheld. */
  from: z.string(),
  to: z.string(),
  /** A name, or a persona of kind `human`. */
  persona: who.default('confirms'),
  /** Hangs up when nobody has answered after so long. */
  ringsForMs: z.number().int().positive().default(60_000),
  /** Sent with every request of this call, as SIP headers are: `{ "X-Customer-Id": "7" }`. */
  sipHeaders: z.record(z.string().regex(/^X-/), z.string()).default({}),
  /** How often the announcement is sent besides the one that counts, as by a proxy that tries again. */
  repeats: z.number().int().min(0).max(5).default(0),
});

export function registerInbound(network: PhoneNetwork, programs: Map<string, Program>, numbers: PhoneNumbers): void {
  const { lab } = network;
  lab.app.post('/lab/twilio/inbound', (request, reply) => {
    const parsed = inboundSchema.safeParse(request.body);
    if (!parsed.success) return reply.code(400).send({ error: z.prettifyError(parsed.error) });
    const { from, to, persona: role, ringsForMs, sipHeaders, repeats } = parsed.data;
    const settings = numbers.of(to);
    if (!settings?.voiceUrl) return reply.code(409).send({ error: `${to} has no voice URL` });
    const named = network.casting.resolve(role);
    if (named.persona.kind !== 'human') return reply.code(400).send({ error: 'only a person calls' });

    const call = new Call(
      network,
      {
        ...{ to, from, direction: 'inbound', timeoutMs: ringsForMs, timeLimitMs: TIME_LIMIT_MS },
        statusCallback: settings.statusCallback || undefined,
        statusCallbackMethod: settings.statusCallbackMethod,
        statusCallbackEvents: ['completed'],
        extraFields: Object.fromEntries(Object.entries(sipHeaders).map(([name, value]) => [`SipHeader_${name}`, value])),
      },
      { answered: () => undefined, ended: () => program.stop() },
    );
    const { voiceFallbackUrl, voiceFallbackMethod, voiceMethod, voiceUrl } = settings;
    const program: Program = new Program(call, voiceFallbackUrl ? { url: voiceFallbackUrl, method: voiceFallbackMethod } : undefined);
    programs.set(call.sid, program);
    call.comeIn(named.name, named.persona);
    const { fields } = call;
    program.run({ url: voiceUrl, method: voiceMethod });
    for (let i = 0; i < repeats; i++) {
      const { authToken } = network.scenario.account;
      void sendSigned({ url: voiceUrl, method: voiceMethod, params: fields, authToken }).then(
        ({ status, body }) => void lab.ledger.note('repeated_announcements', { callSid: call.sid, status, body }),
        (error: unknown) => void lab.ledger.note('repeated_announcements', { callSid: call.sid, error: String(error) }),
      );
    }
    return { callSid: call.sid };
  });
}
