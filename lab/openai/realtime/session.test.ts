import type { RealtimeServerEvent, RealtimeSessionCreateRequest } from 'openai/resources/realtime/realtime';
import type { Clock } from '../../../contracts/clock';
import { encodeMulaw } from '../../../contracts/g711';
import { modulate } from '../../voice';
import { RealtimeSession } from './session';

/** A clock that a test moves. */
class HandClock implements Clock {
  private time = 0;
  private timers: { at: number; fn: () => void }[] = [];

  now = () => this.time;
  monotonic = () => this.time;

  after(ms: number, fn: () => void): () => void {
    const timer = { at: this.time + ms, fn };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  pass(ms: number): void {
    const until = this.time + ms;
    for (;;) {
      const next = this.timers.filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.timers = this.timers.filter((timer) => timer !== next);
      this.time = next.at;
      next.fn();
    }
    this.time = until;
  }

  get pending(): number {
    return this.timers.length;
  }
}

function open(turnDetection: Record<string, unknown>) {
  const clock = new HandClock();
  const events: RealtimeServerEvent[] = [];
  const entry = {
    sessionId: '',
    model: 'm',
    openedAt: 0,
    instructions: '',
    tools: [],
    heard: [],
    said: [],
    toolCalls: [],
    inputMs: 0,
    errors: [],
  };
  const session = new RealtimeSession(
    'gpt-realtime',
    {
      clock,
      baud: 1200,
      rules: [],
      send: (frame) => events.push(JSON.parse(frame) as RealtimeServerEvent),
      dropAfterMs: () => undefined,
      drop: () => undefined,
    },
    entry,
    3_600_000,
  );
  const send = (event: object) => session.receive(JSON.stringify(event));
  const input: NonNullable<RealtimeSessionCreateRequest['audio']>['input'] = {
    format: { type: 'audio/pcmu' },
    turn_detection: turnDetection as never,
  };
  send({ type: 'session.update', session: { type: 'realtime', audio: { input, output: { format: { type: 'audio/pcmu' } } } } });
  const append = (bytes: Uint8Array) => send({ type: 'input_audio_buffer.append', audio: Buffer.from(bytes).toString('base64') });
  return {
    clock,
    session,
    send,
    silence: (ms: number) => append(new Uint8Array(ms * 8).fill(0xff)),
    speak: (text: string) => append(encodeMulaw(modulate(text, { sampleRate: 8000, baud: 1200 }))),
    of: <T extends RealtimeServerEvent['type']>(type: T) =>
      events.filter((event): event is Extract<RealtimeServerEvent, { type: T }> => event.type === type),
  };
}

const IDLE = { type: 'server_vad', idle_timeout_ms: 5_000 };

describe('a Realtime session on its own clock', () => {
  it('asks again when the caller stays silent after a response was played', () => {
    const { clock, send, silence, of } = open(IDLE);
    send({ type: 'response.create' });
    clock.pass(1_000);
    silence(1_000);
    expect(of('response.done')).toHaveLength(1);
    clock.pass(5_000);
    expect(of('input_audio_buffer.timeout_triggered')).toMatchObject([{ audio_start_ms: 0, audio_end_ms: 1_000 }]);
    expect(of('response.created')).toHaveLength(2);
  });

  it('does not when the caller speaks in time', () => {
    const { clock, send, speak, of } = open({ ...IDLE, create_response: false });
    send({ type: 'response.create' });
    clock.pass(1_000);
    speak('Wait.');
    clock.pass(20_000);
    expect(of('input_audio_buffer.timeout_triggered')).toHaveLength(0);
  });

  it('measures silence in audio, not in time', () => {
    const { clock, speak, silence, of } = open({ type: 'server_vad', silence_duration_ms: 800 });
    speak('Hello?');
    silence(790);
    clock.pass(60_000);
    expect(of('input_audio_buffer.speech_stopped')).toHaveLength(0);
    silence(20);
    expect(of('input_audio_buffer.speech_stopped')).toHaveLength(1);
  });

  it.each([
    [0.5, 1],
    [1, 0],
  ])('hears a faint voice by its threshold: %d', (threshold, turns) => {
    const { send, silence, of } = open({ type: 'server_vad', threshold });
    const faint = modulate('Hello?', { sampleRate: 8000, baud: 1200 }).map((sample) => sample / 11);
    send({ type: 'input_audio_buffer.append', audio: Buffer.from(encodeMulaw(faint)).toString('base64') });
    silence(600);
    expect(of('input_audio_buffer.committed')).toHaveLength(turns);
  });

  it('leaves no timer behind when it closes', () => {
    const { clock, session, send, speak, silence } = open(IDLE);
    send({ type: 'session.update', session: { type: 'realtime', audio: { input: { transcription: { model: 'whisper-1' } } } } });
    speak('Hello?');
    silence(600);
    expect(clock.pending).toBeGreaterThan(0);
    session.close();
    expect(clock.pending).toBe(0);
  });
});
