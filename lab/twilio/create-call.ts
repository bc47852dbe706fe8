/** From the form fields of a creation to a call that waits in the queue, with its program and its answering machine detection. */
import { MachineDetection } from './amd';
import { Call } from './call';
import type { RestErrorCode } from './errors';
import type { PhoneNetwork } from './network';
import { Program, type ProgramSource } from './program';

/** Form fields; one that is given several times is an array. */
export type Form = Readonly<Record<string, string | string[] | undefined>>;

const E164 = /^\+[1-9]\d{6,14}$/;
/** Four hours, as the real one. */
const DEFAULT_TIME_LIMIT_S = 14_400;
const DEFAULT_TIMEOUT_S = 60;

/** Both ends are allowed. */
const DETECTION_RANGES = {
  MachineDetectionTimeout: [3, 59],
  MachineDetectionSpeechThreshold: [1_000, 6_000],
  MachineDetectionSpeechEndThreshold: [500, 5_000],
  MachineDetectionSilenceTimeout: [2_000, 10_000],
} as const;

export interface CreatedCall {
  call: Call;
  program: Program;
}

export function field(form: Form, name: string): string | undefined {
  const value = form[name];
  return Array.isArray(value) ? value.at(-1) : value;
}

/** What is wrong with the request, before anything is done. */
export function refusal(network: PhoneNetwork, form: Form): { code: RestErrorCode; detail?: string } | undefined {
  const to = field(form, 'To');
  const from = field(form, 'From');
  if (!to) return { code: 21201 };
  if (!from) return { code: 21213 };
  if (!E164.test(to) || network.casting.peek(to).persona.kind === 'invalid') return { code: 21211, detail: to };
  if (!E164.test(from)) return { code: 21212, detail: from };
  if (!network.mayShow(from)) return { code: 21210, detail: from };
  if (!field(form, 'Url') && !field(form, 'Twiml')) return { code: 21205 };
  for (const [name, [least, most]] of Object.entries(DETECTION_RANGES)) {
    const value = field(form, name);
    if (value !== undefined && !(Number(value) >= least && Number(value) <= most)) return { code: 21234, detail: name };
  }
  return undefined;
}

/** `form` was accepted by `refusal`. */
export function createCall(network: PhoneNetwork, form: Form): CreatedCall {
  const url = field(form, 'Url');
  const source: ProgramSource = url ? { url, method: method(form, 'Method') } : { twiml: field(form, 'Twiml') as string };
  const fallbackUrl = field(form, 'FallbackUrl');
  const amdMode = field(form, 'MachineDetection');
  let detection: MachineDetection | undefined;

  const call = new Call(
    network,
    {
      to: field(form, 'To') as string,
      from: field(form, 'From') as string,
      direction: 'outbound-api',
      timeoutMs: Number(field(form, 'Timeout') ?? DEFAULT_TIMEOUT_S) * 1000,
      timeLimitMs: Number(field(form, 'TimeLimit') ?? DEFAULT_TIME_LIMIT_S) * 1000,
      statusCallback: field(form, 'StatusCallback'),
      statusCallbackMethod: method(form, 'StatusCallbackMethod'),
      statusCallbackEvents: [form.StatusCallbackEvent ?? 'completed'].flat().flatMap((events) => events.split(/\s+/)),
    },
    {
      answered() {
        detection?.start();
        if (!detection || field(form, 'AsyncAmd') === 'true') return program.run(source);
        // Without AsyncAmd nothing happens on the line until the verdict is there; the detection listens.
        call.phone?.lineOpened();
        void detection.result.then(({ answeredBy }) => {
          if (!call.isOver) program.run(source, { AnsweredBy: answeredBy });
        });
      },
      ended: () => program.stop(),
      firstSound: () => detection?.firstSound(),
      firstUtteranceEnded: () => detection?.firstUtteranceEnded(),
      beepEnded: () => detection?.beepEnded(),
    },
  );
  const program: Program = new Program(call, fallbackUrl ? { url: fallbackUrl, method: method(form, 'FallbackMethod') } : undefined);

  if (amdMode === 'Enable' || amdMode === 'DetectMessageEnd') {
    detection = new MachineDetection(call, {
      mode: amdMode,
      timeoutMs: Number(field(form, 'MachineDetectionTimeout') ?? 30) * 1000,
      speechThresholdMs: Number(field(form, 'MachineDetectionSpeechThreshold') ?? 2400),
      speechEndThresholdMs: Number(field(form, 'MachineDetectionSpeechEndThreshold') ?? 1200),
      silenceTimeoutMs: Number(field(form, 'MachineDetectionSilenceTimeout') ?? 5000),
    });
    void reportDetection(call, detection, form);
  }
  call.queueTimeMs = network.enqueue(call);
  return { call, program };
}

async function reportDetection(call: Call, detection: MachineDetection, form: Form): Promise<void> {
  const { answeredBy, durationMs } = await detection.result;
  call.answeredBy = answeredBy;
  call.entry.answeredBy = answeredBy;
  const url = field(form, 'AsyncAmdStatusCallback');
  if (field(form, 'AsyncAmd') !== 'true' || !url) return;
  const { network } = call;
  network.callbacks.send({
    callSid: call.sid,
    to: call.params.to,
    event: 'amd',
    url,
    method: method(form, 'AsyncAmdStatusCallbackMethod'),
    params: {
      CallSid: call.sid,
      AccountSid: network.accountSid,
      AnsweredBy: answeredBy,
      MachineDetectionDuration: String(Math.round(durationMs)),
    },
  });
}

export function method(form: Form, name: string): string {
  return (field(form, name) ?? 'POST').toUpperCase();
}
