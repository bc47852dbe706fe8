/** `<Dial><Conference>`: a room of a name, and the resource that lists rooms. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { SILENT_FRAME } from '../audio';
import type { Call } from './call';
import type { MediaPath } from './media-path';
import type { PhoneNetwork } from './network';
import { rfc2822 } from './rfc2822';

export interface ConferenceNoun {
  name: string;
  startOnEnter: boolean;
  endOnExit: boolean;
  maxParticipants: number;
  statusCallback: string | undefined;
  statusCallbackEvents: string[];
}

/** More than a person would notice as an echo of themselves. */
const MAX_QUEUED_FRAMES = 25;

class Participant implements MediaPath {
  readonly kind = 'bridge';
  /** What the others said and this one has not heard yet. */
  readonly queue: Uint8Array[] = [];
  private leave: () => void = () => undefined;
  readonly left = new Promise<void>((resolve) => {
    this.leave = resolve;
  });

  constructor(
    readonly call: Call,
    readonly noun: ConferenceNoun,
    private readonly room: Conference,
  ) {}

  exchange(said: Uint8Array): Uint8Array {
    this.room.spread(this, said);
    return this.queue.shift() ?? SILENT_FRAME;
  }

  dtmf(): void {}

  /** Hung up, taken elsewhere, or the room was closed. */
  close(): void {
    this.room.remove(this);
    this.leave();
  }
}

class Conference {
  readonly sid = `CF${randomUUID().replaceAll('-', '')}`;
  readonly createdAt: number;
  status: 'init' | 'in-progress' | 'completed' = 'init';
  readonly participants: Participant[] = [];
  /** The first one's: Twilio reports a room to a single address. */
  private readonly callback: { url: string; events: string[] } | undefined;
  private sequence = 0;

  constructor(
    private readonly network: PhoneNetwork,
    readonly name: string,
    first: ConferenceNoun,
  ) {
    this.createdAt = network.lab.clock.now();
    this.callback = first.statusCallback === undefined ? undefined : { url: first.statusCallback, events: first.statusCallbackEvents };
  }

  add(participant: Participant): void {
    this.participants.push(participant);
    if (this.status !== 'init' || this.participants.length < 2 || !this.participants.some(({ noun }) => noun.startOnEnter)) return;
    this.status = 'in-progress';
    this.noteConnection();
    this.report('start', participant.call);
  }

  /** Whoever was called later was called for the other one. */
  private noteConnection(): void {
    const [first, ...others] = this.participants.map(({ call }) => call).sort((a, b) => a.createdAt - b.createdAt);
    const at = this.network.lab.clock.now();
    if (first) first.entry.bridgedAt ??= at;
    for (const { entry } of others) {
      entry.bridgedAt ??= at;
      entry.parentCallSid ??= first?.sid;
    }
  }

  remove(participant: Participant): void {
    const at = this.participants.indexOf(participant);
    if (at < 0) return;
    this.participants.splice(at, 1);
    if (!participant.noun.endOnExit && this.participants.length > 0) return;
    this.status = 'completed';
    for (const other of [...this.participants]) other.call.disconnect(other);
    this.report('end', participant.call);
  }

  spread(from: Participant, said: Uint8Array): void {
    if (this.status !== 'in-progress') return;
    for (const other of this.participants) {
      // Two in a room: nothing has to be mixed.
      if (other === from) continue;
      other.queue.push(said);
      if (other.queue.length > MAX_QUEUED_FRAMES) other.queue.shift();
    }
  }

  private report(event: 'start' | 'end', call: Call): void {
    const { lab, callbacks, accountSid } = this.network;
    const sequenceNumber = String(++this.sequence);
    if (!this.callback?.events.includes(event)) return;
    callbacks.send({
      callSid: call.sid,
      to: call.params.to,
      event: `conference-${event}`,
      url: this.callback.url,
      method: 'POST',
      params: {
        ConferenceSid: this.sid,
        FriendlyName: this.name,
        AccountSid: accountSid,
        StatusCallbackEvent: `conference-${event}`,
        SequenceNumber: sequenceNumber,
        Timestamp: rfc2822(lab.clock.now()),
      },
    });
  }
}

export class Conferences {
  private all: Conference[] = [];

  constructor(private readonly network: PhoneNetwork) {}

  /** Resolves when the call is not in the room any more, with the parameters for the action URL. */
  async join(call: Call, noun: ConferenceNoun): Promise<Record<string, string>> {
    let room = this.all.find((candidate) => candidate.name === noun.name && candidate.status !== 'completed');
    if (!room) {
      room = new Conference(this.network, noun.name, noun);
      this.all.push(room);
    }
    if (room.participants.length >= noun.maxParticipants) return { DialCallStatus: 'failed' };
    const participant = new Participant(call, noun, room);
    call.connect(participant, { via: 'dial' });
    room.add(participant);
    await participant.left;
    return { DialCallStatus: 'answered', DialCallSid: call.sid };
  }

  reset(): void {
    this.all = [];
  }

  register(scope: FastifyInstance, root: string): void {
    scope.get<{ Querystring: { FriendlyName?: string; Status?: string } }>(`${root}/Conferences.json`, (request) => {
      const { FriendlyName: name, Status: status } = request.query;
      const found = this.all.filter(
        (room) => (name === undefined || room.name === name) && (status === undefined || room.status === status),
      );
      const uri = request.url;
      return {
        conferences: found.map((room) => ({
          sid: room.sid,
          account_sid: this.network.accountSid,
          friendly_name: room.name,
          status: room.status,
          date_created: rfc2822(room.createdAt),
          date_updated: rfc2822(room.createdAt),
          api_version: '2010-04-01',
          region: 'us1',
          uri: `/2010-04-01/Accounts/${this.network.accountSid}/Conferences/${room.sid}.json`,
        })),
        page: 0,
        page_size: 50,
        start: 0,
        end: Math.max(0, found.length - 1),
        uri,
        first_page_uri: uri,
        next_page_uri: null,
        previous_page_uri: null,
      };
    });
  }
}
