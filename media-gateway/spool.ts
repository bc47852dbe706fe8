/**
 * What could not be handed over, on disk: one JSON file per item, in the order of its queue, until it is delivered. It survives the process;
 * a file is removed only after its delivery, so an item may be delivered twice, and every receiver takes a repeat for what it is.
 */
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../contracts/clock';
import type { Logger } from '../runtime/log';

/** `retry`: later, and what is behind it in its queue waits too. */
export type SpoolVerdict = 'done' | 'retry';

export interface SpoolOptions<T> {
  dir: string;
  /** Items of one queue are delivered in order; queues do not wait for each other. */
  queueOf(item: T): string;
  /** Has a deadline of its own. A rejection counts as `retry`. */
  deliver(item: T): Promise<SpoolVerdict>;
  retryMs?: number;
  clock: Clock;
  log: Logger;
}

interface Stored<T> {
  file: string;
  item: T;
  /** Settles when it is on disk: an item delivered before would leave its file behind. */
  written: Promise<void>;
}

/** Where deliveries fail for one reason, the queues behind wait for the next round instead of a deadline each. */
const FAILURES_PER_ROUND = 3;
const FILE = /^(\d{12})\.json$/;

export class Spool<T> {
  private readonly queues = new Map<string, Stored<T>[]>();
  private next = 1;
  private cancelTimer: (() => void) | undefined;
  private round: Promise<void> | undefined;
  private stopped = false;

  private constructor(private readonly options: SpoolOptions<T>) {}

  /** Takes up what an earlier run left, and goes on delivering it until `stop`. */
  static async open<T>(options: SpoolOptions<T>): Promise<Spool<T>> {
    const spool = new Spool(options);
    await spool.load();
    spool.schedule(0);
    return spool;
  }

  /** Items that wait. */
  get size(): number {
    let size = 0;
    for (const queue of this.queues.values()) size += queue.length;
    return size;
  }

  /** Whether something waits in this queue: what comes later must then wait behind it. */
  has(queue: string): boolean {
    return this.queues.has(queue);
  }

  /** Resolves when the item would survive a power cut. Its first delivery is tried after `delayMs`, or with the next round. */
  async add(item: T, delayMs = this.options.retryMs ?? 1_000): Promise<void> {
    const file = `${String(this.next++).padStart(12, '0')}.json`;
    // Queued before it is written, so that nothing overtakes it meanwhile.
    const written = writeDurably(this.options.dir, file, JSON.stringify(item));
    this.enqueue({ file, item, written });
    this.schedule(delayMs);
    await written;
  }

  /** Stops delivering; the files stay. Resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    await this.round;
  }

  private async load(): Promise<void> {
    await mkdir(this.options.dir, { recursive: true });
    const names = (await readdir(this.options.dir)).filter((name) => FILE.test(name)).sort();
    for (const file of names) {
      this.next = Number(FILE.exec(file)?.[1]) + 1;
      try {
        this.enqueue({ file, item: JSON.parse(await readFile(join(this.options.dir, file), 'utf8')) as T, written: Promise.resolve() });
      } catch (error) {
        // Without the message: a parser's quotes what it read, which may be a transcript.
        const { code, name } = error as NodeJS.ErrnoException;
        this.options.log.error({ file, error: code ?? name }, 'a spooled item cannot be read; it is left where it is');
      }
    }
  }

  private enqueue(stored: Stored<T>): void {
    const key = this.options.queueOf(stored.item);
    const queue = this.queues.get(key);
    if (queue) queue.push(stored);
    else this.queues.set(key, [stored]);
  }

  private schedule(ms: number): void {
    if (this.stopped || this.cancelTimer || this.round || this.queues.size === 0) return;
    this.cancelTimer = this.options.clock.after(ms, () => {
      this.cancelTimer = undefined;
      this.round = this.deliverRound().finally(() => {
        this.round = undefined;
        this.schedule(this.options.retryMs ?? 1_000);
      });
    });
  }

  private async deliverRound(): Promise<void> {
    let failures = 0;
    for (const key of [...this.queues.keys()]) {
      if (failures >= FAILURES_PER_ROUND) return;
      if (!(await this.deliverQueue(key))) failures += 1;
    }
  }

  private async deliverQueue(key: string): Promise<boolean> {
    for (let queue = this.queues.get(key); queue?.[0]; queue = this.queues.get(key)) {
      if (this.stopped) return true;
      const { file, item, written } = queue[0];
      // Where the disk refused it, memory is all there is: it is delivered from there.
      await written.catch((error: unknown) => this.options.log.error({ file, err: error }, 'an item could not be spooled to disk'));
      const verdict = await this.options.deliver(item).catch((error: unknown) => {
        this.options.log.warn({ file, err: error }, 'a spooled item was not delivered');
        return 'retry' as const;
      });
      if (verdict === 'retry') {
        // To the end of the round's order, so that three stubborn queues do not keep all others waiting for ever.
        this.queues.delete(key);
        this.queues.set(key, queue);
        return false;
      }
      await rm(join(this.options.dir, file), { force: true });
      queue.shift();
      if (queue.length === 0) this.queues.delete(key);
    }
    return true;
  }
}

/** Written to a neighbour, flushed and renamed: the file is there whole or not at all. */
async function writeDurably(dir: string, name: string, text: string): Promise<void> {
  const neighbour = join(dir, `${name}.new`);
  const file = await open(neighbour, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(neighbour, join(dir, name));
  // Windows cannot open a folder; there the rename is as durable as it gets.
  if (process.platform === 'win32') return;
  const folder = await open(dir, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
