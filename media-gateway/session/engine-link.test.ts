import { pino } from 'pino';
import type { TranscriptTurn } from '../../contracts/call';
import type { Clock } from '../../contracts/clock';
import type { EngineEvent, VoiceEngine } from '../engines/engine';
import { ABSENT_ENGINE } from './absent-engine';
import { EngineLink } from './engine-link';

const MINUTE = 60_000;

class TestClock implements Clock {
  #now = 0;
  #timers: { at: number; fn: () => void }[] = [];
  now = () => this.#now;
  monotonic = () => this.#now;
  after(ms: number, fn: () => void): () => void {
    const timer = { at: this.#now + ms, fn };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#now = next.at;
      next.fn();
      await new Promise(setImmediate);
    }
    this.#now = until;
  }
}

interface Socket extends VoiceEngine {
  told: string[];
  heard: number;
  closed: boolean;
  emit(event: EngineEvent): void;
}

/** @param readyAt which sockets become ready, by their number from 0 */
function linked(readyAt: (socket: number) => boolean = () => true) {
  const clock = new TestClock();
  const sockets: Socket[] = [];
  const log: string[] = [];
  const history: TranscriptTurn[] = [{ role: 'user', text: 'Hello.', at: 0 }];
  const open = (): VoiceEngine => {
    let listener: (event: EngineEvent) => void = () => undefined;
    const ready = readyAt(sockets.length);
    const socket: Socket = {
      ...ABSENT_ENGINE,
      ready: ready ? Promise.resolve() : new Promise(() => undefined),
      maxLifeMs: 60 * MINUTE,
      told: [],
      heard: 0,
      closed: false,
      listen: (to) => {
        listener = to;
        if (!ready) setImmediate(() => to({ kind: 'closed', error: 'refused' }));
      },
      emit: (event) => listener(event),
      appendAudio: (mulaw) => {
        socket.heard += mulaw.length;
      },
      addHistory: (turns) => void socket.told.push(...turns.map(({ text }) => text)),
      toolResult: (_id, output) => void socket.told.push(output),
      close: () => {
        socket.closed = true;
      },
    };
    sockets.push(socket);
    return socket;
  };
  const link = new EngineLink(
    undefined,
    open,
    () => history,
    {
      event: () => undefined,
      interrupted: () => log.push('interrupted'),
      restored: () => log.push('restored'),
      resultRetold: (id) => log.push(`retold ${id}`),
      resultSpoken: (id) => log.push(`spoken ${id}`),
      nextReady: () => log.push('next ready'),
      lost: (error) => log.push(`lost: ${error} at ${clock.now()}`),
    },
    clock,
    pino({ level: 'silent' }),
  );
  link.start();
  return { clock, sockets, log, link };
}

const settle = () => new Promise(setImmediate);

describe('a session that nears its end', () => {
  it('is left in a pause after 50 minutes, with the history, and its successor again', async () => {
    const { clock, sockets, log, link } = linked();
    await clock.pass(50 * MINUTE - 1);
    expect(sockets).toHaveLength(1);
    await clock.pass(1);
    expect(log).toEqual(['next ready']);
    // Nobody has paused yet: the old one goes on.
    expect(link.engine).toBe(sockets[0]);
    expect(link.wantsPause).toBe(true);
    link.paused();
    expect(link.engine).toBe(sockets[1]);
    expect(sockets[0]?.closed).toBe(true);
    expect(sockets[1]?.told).toEqual(['Hello.']);
    await clock.pass(50 * MINUTE);
    link.paused();
    expect(link.engine).toBe(sockets[2]);
    expect(log).toEqual(['next ready', 'next ready']);
  });

  it('ends an hour after it was opened, however long it waited for the pause in which it was gone to', async () => {
    const { clock, sockets, link } = linked();
    await clock.pass(57 * MINUTE);
    link.paused();
    expect(link.engine).toBe(sockets[1]);
    // The second one was opened after 50 minutes, and its successor 50 later.
    await clock.pass(43 * MINUTE);
    expect(sockets).toHaveLength(3);
    await clock.pass(8.5 * MINUTE);
    expect(sockets[1]?.closed).toBe(true);
  });

  it('is left before the hour without any pause', async () => {
    const { clock, sockets, log, link } = linked();
    await clock.pass(58.5 * MINUTE);
    await settle();
    expect(log).toEqual(['next ready', 'interrupted', 'restored']);
    expect(sockets.slice(0, 2).map(({ closed }) => closed)).toEqual([true, true]);
    expect(link.engine).toBe(sockets[2]);
  });
});

describe('peer defect 8: a vendor that is gone', () => {
  it('is tried for four seconds, and then told once', async () => {
    const { clock, sockets, log } = linked((socket) => socket === 0);
    sockets[0]?.emit({ kind: 'closed', error: '1011' });
    await clock.pass(10_000);
    expect(log).toEqual(['interrupted', 'lost: 1011 at 4000']);
  });

  it('and was tried by its engine already: the caller does not wait as long again', async () => {
    const { clock, sockets, log } = linked((socket) => socket === 0);
    sockets[0]?.emit({ kind: 'closed', error: 'deaf', awayMs: 1_500 });
    await clock.pass(10_000);
    expect(log).toEqual(['interrupted', 'lost: deaf at 2500']);
  });

  it('and takes every new socket only to break it: that is no recovery', async () => {
    const { clock, sockets, log } = linked();
    for (let broken = 0; broken < 12 && !log.some((entry) => entry.startsWith('lost')); broken++) {
      sockets.at(-1)?.emit({ kind: 'closed', error: '1011' });
      await settle();
      await clock.pass(1_000);
    }
    expect(log.at(-1)).toBe('lost: 1011 at 4000');
  });

  it('and speaks again: its next failure has all the time again', async () => {
    const { clock, sockets, log } = linked((socket) => socket < 2);
    sockets[0]?.emit({ kind: 'closed', error: '1011' });
    await settle();
    await clock.pass(2_000);
    sockets[1]?.emit({ kind: 'audio', itemId: 'a', mulaw: new Uint8Array(160) });
    sockets[1]?.emit({ kind: 'closed', error: '1006' });
    await clock.pass(10_000);
    expect(log.at(-1)).toBe('lost: 1006 at 6000');
  });

  it('has not written down all that the caller said: the next one hears just that again', async () => {
    const { sockets, link } = linked();
    const second = () => link.hear(new Uint8Array(8_000));
    const [first] = sockets;
    second();
    first?.emit({ kind: 'speech_started', itemId: 'a' });
    second();
    first?.emit({ kind: 'speech_stopped', itemId: 'a' });
    first?.emit({ kind: 'user_transcript', itemId: 'a', text: 'Known.' });
    second();
    first?.emit({ kind: 'speech_started', itemId: 'b' });
    for (let i = 0; i < 3; i++) second();
    first?.emit({ kind: 'closed', error: '1011' });
    second();
    await settle();
    expect(sockets[1]?.heard).toBe(5 * 8_000);
  });

  it('was told what a tool had answered, and has not spoken about it: so is the next one', async () => {
    const { sockets, link, log } = linked();
    sockets[0]?.emit({ kind: 'tool_call', toolCallId: 't1', name: 'book', arguments: '{}' });
    link.toolResult('t1', 'booked');
    sockets[0]?.emit({ kind: 'closed', error: '1011' });
    await settle();
    expect(sockets[1]?.told).toEqual(['Hello.', 'booked']);
    link.asked();
    sockets[1]?.emit({ kind: 'response_done', status: 'completed' });
    sockets[1]?.emit({ kind: 'closed', error: '1011' });
    await settle();
    expect(sockets[2]?.told).toEqual(['Hello.']);
    expect(log).toEqual(['interrupted', 'retold t1', 'restored', 'spoken t1', 'interrupted', 'restored']);
  });
});
