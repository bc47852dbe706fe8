/** The account's phone numbers, and where each sends its calls: `IncomingPhoneNumbers` of the REST API; its verified caller ids: `OutgoingCallerIds`. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { type Form, field } from './create-call';
import { sendError } from './errors';
import type { PhoneNetwork } from './network';

export interface NumberSettings {
  voiceUrl: string;
  voiceMethod: string;
  voiceFallbackUrl: string;
  voiceFallbackMethod: string;
  statusCallback: string;
  statusCallbackMethod: string;
  /** Set, it wins over the voice URL. */
  voiceApplicationSid: string;
  trunkSid: string;
}

const UNSET: NumberSettings = {
  voiceUrl: '',
  voiceMethod: 'POST',
  voiceFallbackUrl: '',
  voiceFallbackMethod: 'POST',
  statusCallback: '',
  statusCallbackMethod: 'POST',
  voiceApplicationSid: '',
  trunkSid: '',
};

const FORM_FIELDS = {
  VoiceUrl: 'voiceUrl',
  VoiceMethod: 'voiceMethod',
  VoiceFallbackUrl: 'voiceFallbackUrl',
  VoiceFallbackMethod: 'voiceFallbackMethod',
  StatusCallback: 'statusCallback',
  StatusCallbackMethod: 'statusCallbackMethod',
  VoiceApplicationSid: 'voiceApplicationSid',
  TrunkSid: 'trunkSid',
} as const satisfies Record<string, keyof NumberSettings>;

interface NumberRoute {
  Params: { accountSid: string; numberSid: string };
  Body: Form;
}

export class PhoneNumbers {
  private readonly settings = new Map<string, NumberSettings>();

  constructor(private readonly network: PhoneNetwork) {
    this.reset();
  }

  reset(): void {
    this.settings.clear();
    for (const number of this.network.scenario.numbers) {
      this.settings.set(number, { ...UNSET, ...this.network.scenario.routing[number] });
    }
  }

  of(number: string): NumberSettings | undefined {
    return this.settings.get(number);
  }

  register(scope: FastifyInstance, root: string): void {
    scope.get(`${root}/IncomingPhoneNumbers.json`, (request) =>
      listed('incoming_phone_numbers', request.url, [...this.settings.keys()], (number) => this.resource(number, this.of(number) ?? UNSET)),
    );
    scope.get(`${root}/OutgoingCallerIds.json`, (request) =>
      listed('outgoing_caller_ids', request.url, this.network.scenario.callerIds, (number) => this.callerId(number)),
    );
    scope.get<NumberRoute>(`${root}/IncomingPhoneNumbers/:numberSid(^[A-Za-z0-9]+).json`, (request, reply) =>
      this.withNumber(request.params.numberSid, reply, (number, settings) => this.resource(number, settings)),
    );
    scope.post<NumberRoute>(`${root}/IncomingPhoneNumbers/:numberSid(^[A-Za-z0-9]+).json`, (request, reply) =>
      this.withNumber(request.params.numberSid, reply, (number, settings) => {
        for (const [name, key] of Object.entries(FORM_FIELDS)) {
          const value = field(request.body ?? {}, name);
          if (value !== undefined) settings[key] = value;
        }
        return this.resource(number, settings);
      }),
    );
  }

  private withNumber(sid: string, reply: FastifyReply, act: (number: string, settings: NumberSettings) => unknown): unknown {
    for (const [number, settings] of this.settings) if (sidOf(number) === sid) return act(number, settings);
    return sendError(reply, 20404);
  }

  private callerId(number: string): Record<string, unknown> {
    const { accountSid } = this.network;
    const sid = sidOf(number);
    return {
      ...{ sid, account_sid: accountSid, phone_number: number, friendly_name: number },
      uri: `/2010-04-01/Accounts/${accountSid}/OutgoingCallerIds/${sid}.json`,
    };
  }

  private resource(number: string, settings: NumberSettings): Record<string, unknown> {
    const { accountSid } = this.network;
    const sid = sidOf(number);
    return {
      sid,
      account_sid: accountSid,
      phone_number: number,
      friendly_name: number,
      voice_url: settings.voiceUrl,
      voice_method: settings.voiceMethod,
      voice_fallback_url: settings.voiceFallbackUrl,
      voice_fallback_method: settings.voiceFallbackMethod,
      status_callback: settings.statusCallback,
      status_callback_method: settings.statusCallbackMethod,
      voice_application_sid: settings.voiceApplicationSid,
      trunk_sid: settings.trunkSid || null,
      capabilities: { voice: true, sms: true, mms: false, fax: false },
      status: 'in-use',
      uri: `/2010-04-01/Accounts/${accountSid}/IncomingPhoneNumbers/${sid}.json`,
    };
  }
}

function listed(name: string, url: string, all: readonly string[], resource: (number: string) => unknown): Record<string, unknown> {
  const path = url.replace(/\?.*$/, '');
  const wanted = new URL(url, 'http://lab').searchParams.get('PhoneNumber');
  const numbers = all.filter((number) => wanted === null || number.includes(wanted.replace(/\*/g, '')));
  return {
    [name]: numbers.map(resource),
    page: 0,
    page_size: 50,
    start: 0,
    end: Math.max(0, numbers.length - 1),
    uri: path,
    first_page_uri: path,
    next_page_uri: null,
    previous_page_uri: null,
  };
}

function sidOf(number: string): string {
  return `PN${Buffer.from(number).toString('hex').padEnd(32, '0').slice(0, 32)}`;
}
