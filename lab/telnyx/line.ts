/** What is heard and said on one leg, 20 ms at a time: announcements, a media stream, another leg, and a recording of it all. */
import { isSilent, SILENT_FRAME } from '../audio';
import type { HeardSegment, StreamEntry } from '../ledger';
import type { Phone } from '../persona-runner';
import { mix } from '../phone/codec';
import { SilenceMeter } from '../phone/silence-meter';
import type { Gather } from './gather';
import type { Leg } from './leg';
import { Player, type PlayerItem } from './player';
import { Recorder, type RecorderOptions } from './recorder';
import { TelnyxStream } from './stream';
import type { StreamOptions } from './stream-options';

/** Who is being listened to: a change of it begins a new stretch of the ledger's `heard`. */
type Source = { kind: 'nobody' } | { kind: 'bridge'; with: Line } | { kind: 'player'; item: PlayerItem } | { kind: 'stream'; id: string };

export class Line {
  readonly player = new Player();
  stream: TelnyxStream | undefined;
  gather: Gather | undefined;
  recorder: Recorder | undefined;
  private partner: Line | undefined;
  /** Whether this line moves its partner's clock as well. */
  private drives = false;
  /** Of the current 20 ms: what the person says, what is announced to the person, what the application sends and to whom. */
  private said: Uint8Array = SILENT_FRAME;
  private announced: Uint8Array = SILENT_FRAME;
  private sent: Uint8Array = SILENT_FRAME;
  private target: StreamOptions['targetLegs'] = 'self';
  private readonly pending: (() => void)[] = [];
  private phone: Phone | undefined;
  private source: Source = { kind: 'nobody' };
  private readonly silence: SilenceMeter;

  constructor(private readonly leg: Leg) {
    this.silence = new SilenceMeter(leg.entry);
  }

  answered(phone: Phone): void {
    this.phone = phone;
    this.stream?.answered();
    // Where nothing is meant to connect, the detection alone listens.
    if (this.stream?.isOpen || (!this.leg.params.stream && this.leg.params.detection)) phone.lineOpened();
  }

  /** Of a bridge one line drives both: what is said on either is heard on the other within the same 20 ms. */
  tick(): void {
    const { partner } = this;
    if (partner?.drives) return;
    this.drives = partner !== undefined;
    this.speak();
    partner?.speak();
    this.hear();
    partner?.hear();
    // Who hangs up does so when the last of it has been heard at the other end.
    this.settle();
    partner?.settle();
  }

  /** Does it when the current 20 ms are over. */
  later(fn: () => void): void {
    this.pending.push(fn);
  }

  private speak(): void {
    const { phone, stream, partner } = this;
    if (!phone) return;
    this.said = phone.nextFrame();
    this.announced = this.player.take();
    this.sent = stream?.take() ?? SILENT_FRAME;
    this.target = partner ? (stream?.options.targetLegs ?? 'opposite') : 'self';
  }

  private hear(): void {
    const { phone, stream, partner, said } = this;
    if (!phone || this.leg.isOver) return;
    this.attend();
    let arriving = this.announced;
    if (partner) arriving = mix(arriving, partner.target === 'self' ? partner.said : mix(partner.said, partner.sent));
    if (this.target !== 'opposite') arriving = mix(arriving, this.sent);
    this.recorder?.push(said, arriving);
    stream?.forward(said, arriving);
    this.silence.measure(this.connectedTo(), isSilent(said) && isSilent(arriving));
    phone.hear(arriving);
  }

  private settle(): void {
    for (const fn of this.pending.splice(0)) fn();
  }

  openStream(options: StreamOptions): void {
    const { leg } = this;
    const { network, params } = leg;
    const stream: TelnyxStream = new TelnyxStream(
      {
        lab: network.lab,
        legCodec: network.codec(leg.personNumber),
        to: params.to,
        userId: network.userId,
        callControlId: leg.callControlId,
        get answered() {
          return leg.isAnswered;
        },
        startFields: () => ({
          user_id: network.userId,
          call_control_id: leg.callControlId,
          call_session_id: leg.callSessionId,
          from: params.from,
          to: params.to,
          ...(leg.clientState === undefined ? {} : { client_state: leg.clientState }),
        }),
        noted: (entry: StreamEntry) => void leg.entry.streams.push(entry),
        error: (code, message) => void leg.entry.errors.push({ code, message, at: network.lab.clock.now() }),
        opened: () => {
          this.phone?.lineOpened();
          leg.tell('streaming.started', { ...leg.ids, stream_url: options.url });
        },
        ended: (how, reason) => {
          if (this.stream === stream) this.stream = undefined;
          if (how === 'stopped') leg.tell('streaming.stopped', { ...leg.ids, stream_url: options.url });
          else {
            leg.tell('streaming.failed', {
              ...leg.ids,
              failure_reason: reason,
              stream_id: stream.id,
              stream_params: { stream_url: options.url, track: options.track },
              stream_type: 'websocket',
            });
          }
        },
      },
      options,
      network.scenario.telnyx.earlyStart,
    );
    this.stream = stream;
  }

  startRecording(id: string, options: RecorderOptions): void {
    this.recorder = new Recorder(id, options, this.leg.network.lab.clock.now());
  }

  /** Saves what was recorded, if anything is. */
  stopRecording(): void {
    const { recorder } = this;
    this.recorder = undefined;
    if (recorder) this.leg.network.recordings.save(this.leg, recorder);
  }

  /** A key of the person's phone. */
  pressed(digit: string): void {
    this.stream?.dtmf(digit);
    this.gather?.digit(digit);
  }

  get isBridged(): boolean {
    return this.partner !== undefined;
  }

  isBridgedWith(other: Line): boolean {
    return this.partner === other;
  }

  /** Both hear each other from now on, and nobody else. */
  static bridge(a: Line, b: Line): void {
    a.unbridge();
    b.unbridge();
    a.partner = b;
    b.partner = a;
    const at = a.leg.network.lab.clock.now();
    for (const { leg } of [a, b]) {
      leg.entry.bridgedAt ??= at;
      leg.tell('call.bridged', { ...leg.ids, ...leg.parties });
    }
  }

  /** The other leg hangs up, unless it is to be parked. */
  unbridge(): void {
    const other = this.partner;
    if (!other) return;
    for (const line of [this, other]) {
      line.partner = undefined;
      line.drives = false;
    }
    if (!other.leg.parkAfterUnbridge) other.leg.end('normal_clearing', 'unknown', 'parent', 200);
  }

  end(): void {
    this.gather?.finish('call_hangup');
    this.player.stop('all', 'call_hangup');
    this.stopRecording();
    this.stream?.close();
    this.unbridge();
    this.endSegment();
  }

  private connectedTo(): 'stream' | 'player' | 'bridge' | undefined {
    if (this.partner) return 'bridge';
    return this.stream?.isOpen ? 'stream' : this.player.current ? 'player' : undefined;
  }

  private attend(): void {
    const next = this.currentSource();
    if (isSame(this.source, next)) return;
    this.source = next;
    this.endSegment();
    const segment = segmentOf(next);
    if (!segment) return;
    const entry: HeardSegment = { ...segment, text: '', startedAt: this.leg.network.lab.clock.now() };
    this.leg.entry.heard.push(entry);
    this.phone?.listenTo(entry);
  }

  private currentSource(): Source {
    if (this.partner) return { kind: 'bridge', with: this.partner };
    const item = this.player.current;
    // One that is still being fetched is not heard, and may never be.
    if (item?.frames) return { kind: 'player', item };
    return this.stream?.isOpen ? { kind: 'stream', id: this.stream.id } : { kind: 'nobody' };
  }

  private endSegment(): void {
    const last = this.leg.entry.heard.at(-1);
    if (last && last.endedAt === undefined) last.endedAt = this.leg.network.lab.clock.now();
  }
}

function isSame(a: Source, b: Source): boolean {
  switch (a.kind) {
    case 'nobody':
      return b.kind === 'nobody';
    case 'bridge':
      return b.kind === 'bridge' && a.with === b.with;
    case 'player':
      return b.kind === 'player' && a.item === b.item;
    case 'stream':
      return b.kind === 'stream' && a.id === b.id;
  }
}

function segmentOf(source: Source): Omit<HeardSegment, 'text' | 'startedAt'> | undefined {
  switch (source.kind) {
    case 'nobody':
      return undefined;
    case 'bridge':
      return { via: 'dial' };
    case 'player':
      return { via: source.item.kind };
    case 'stream':
      return { via: 'stream', streamSid: source.id };
  }
}
