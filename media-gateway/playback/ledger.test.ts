import { BYTES_PER_MS } from '../../contracts/g711';
import fc from '../../test/support/property';
import { PlaybackLedger } from './ledger';

/** A carrier that plays in real time, and what it really played. */
class Carrier {
  now = 0;
  readonly ledger = new PlaybackLedger(() => this.now);
  readonly played = new Map<string, number>();
  #queue: ({ itemId: string; bytes: number } | { mark: string })[] = [];
  echoes: string[] = [];

  send(itemId: string, bytes: number): void {
    this.ledger.sent(itemId, bytes);
    this.#queue.push({ itemId, bytes });
  }

  mark(endOf?: string): string {
    const name = this.ledger.mark(endOf);
    this.#queue.push({ mark: name });
    return name;
  }

  pass(ms: number): void {
    this.now += ms;
    let budget = ms * BYTES_PER_MS;
    for (let head = this.#queue[0]; head; head = this.#queue[0]) {
      if ('mark' in head) {
        this.echoes.push(head.mark);
        this.#queue.shift();
        continue;
      }
      const bytes = Math.min(head.bytes, budget);
      this.played.set(head.itemId, (this.played.get(head.itemId) ?? 0) + bytes);
      head.bytes -= bytes;
      budget -= bytes;
      if (head.bytes > 0) break;
      this.#queue.shift();
    }
  }

  clear(): void {
    this.ledger.cleared();
    for (const entry of this.#queue) if ('mark' in entry) this.echoes.push(entry.mark);
    this.#queue = [];
  }

  echo(): (string | undefined)[] {
    return this.echoes.splice(0).map((name) => this.ledger.acknowledge(name));
  }
}

describe('the playback ledger', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('send' as const), item: fc.constantFrom('a', 'b', 'c'), frames: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 900 }) }),
    fc.record({ do: fc.constant('mark' as const) }),
    fc.record({ do: fc.constant('echo' as const) }),
    fc.record({ do: fc.constant('clear' as const) }),
  );

  it('agrees with what the carrier really played, whatever was sent, cleared and acknowledged', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const carrier = new Carrier();
        for (const each of steps) {
          if (each.do === 'send') carrier.send(each.item, each.frames * 160);
          else if (each.do === 'pass') {
            for (let left = each.ms; left > 0; left -= 20) {
              carrier.pass(Math.min(20, left));
              carrier.echo();
            }
          } else if (each.do === 'mark') carrier.mark();
          else if (each.do === 'echo') carrier.echo();
          else carrier.clear();
          for (const item of ['a', 'b', 'c']) expect(carrier.ledger.heardBytes(item)).toBe(carrier.played.get(item) ?? 0);
        }
      }),
    );
  });

  it('never says that more was heard than was sent, nor less than before, however late or lost the marks are', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(step, fc.boolean()), { maxLength: 60 }), (steps) => {
        const carrier = new Carrier();
        let sent = 0;
        let before = 0;
        for (const [each, echo] of steps) {
          if (each.do === 'send') {
            carrier.send('a', each.frames * 160);
            sent += each.frames * 160;
          } else if (each.do === 'pass') carrier.pass(each.ms);
          else if (each.do === 'mark') carrier.mark();
          else if (each.do === 'clear') carrier.clear();
          if (echo) carrier.echo();
          const heard = carrier.ledger.heardBytes('a');
          expect(heard).toBeLessThanOrEqual(sent);
          // A late mark may take back what was only reckoned, never what a clear has settled.
          if (each.do === 'clear') before = heard;
          expect(heard).toBeGreaterThanOrEqual(Math.min(before, heard));
          expect(heard).toBeGreaterThanOrEqual(before);
        }
      }),
    );
  });

  it('knows that an item was played by its mark alone', () => {
    const carrier = new Carrier();
    carrier.send('farewell', 1600);
    carrier.mark('farewell');
    carrier.pass(1_000);
    expect(carrier.ledger.wasPlayed('farewell')).toBe(false);
    expect(carrier.echo()).toEqual(['farewell']);
    expect(carrier.ledger.wasPlayed('farewell')).toBe(true);
  });

  it('takes no mark that echoes after a clear for played: the voicemail was not delivered', () => {
    const carrier = new Carrier();
    carrier.send('voicemail', 160_000);
    carrier.mark('voicemail');
    carrier.pass(100);
    carrier.clear();
    expect(carrier.echo()).toEqual([undefined]);
    expect(carrier.ledger.wasPlayed('voicemail')).toBe(false);
    expect(carrier.ledger.heardMs('voicemail')).toBe(100);
  });

  it('counts a mark once and ignores strangers', () => {
    const carrier = new Carrier();
    carrier.send('a', 160);
    const name = carrier.mark('a');
    carrier.pass(20);
    expect(carrier.ledger.acknowledge(name)).toBe('a');
    expect(carrier.ledger.acknowledge(name)).toBeUndefined();
    expect(carrier.ledger.acknowledge('g1.999')).toBeUndefined();
  });

  it('does not count as heard what a carrier that lags a little cannot have played yet', () => {
    let now = 0;
    const ledger = new PlaybackLedger(() => now);
    ledger.sent('a', 4_000);
    const mark = ledger.mark();
    ledger.sent('a', 8_000);
    now = 600;
    ledger.acknowledge(mark);
    now = 800;
    ledger.cleared();
    // Behind by 100 ms, of which a frame is the carrier's own.
    expect(ledger.heardMs('a')).toBe(720);
  });

  it('bug: what a process that thaws sends into a stream that is long closed is not heard', () => {
    let now = 0;
    const ledger = new PlaybackLedger(() => now);
    ledger.alive();
    ledger.sent('a', 8 * 400);
    // Frozen: the carrier plays what it has, and closes the stream. Thawed: timers send on, and the socket is read a third of a second later.
    now = 4_000;
    expect(ledger.heardMs('a')).toBe(100);
    ledger.sent('a', 8 * 400);
    expect(ledger.heardMs('a')).toBe(400);
    now = 4_330;
    expect(ledger.heardMs('a')).toBe(400);
    // It was not closed after all.
    ledger.alive();
    expect(ledger.heardMs('a')).toBe(730);
  });

  it('a carrier of which nothing comes between its marks is believed by its marks', () => {
    let now = 0;
    const ledger = new PlaybackLedger(() => now);
    ledger.alive();
    ledger.sent('a', 8 * 500);
    const mark = ledger.mark('a');
    now = 510;
    expect(ledger.acknowledge(mark)).toBe('a');
    expect(ledger.heardMs('a')).toBe(500);
  });

  it('believes a carrier that plays later than it should', () => {
    let now = 0;
    const ledger = new PlaybackLedger(() => now);
    ledger.sent('a', 800);
    const mark = ledger.mark();
    ledger.sent('a', 8_000);
    now = 900;
    ledger.acknowledge(mark);
    expect(ledger.heardMs('a')).toBeLessThan(300);
  });
});
