/** A process of a benchmark's own, and what it says. It ends with the benchmark, however that ends: its channel closes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { systemClock } from '../../contracts/clock';

const ROOT = join(__dirname, '..', '..');
const STOP_WITHIN_MS = 10_000;

export interface ChildOptions {
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** Node's own. */
  nodeArgs?: readonly string[];
}

export class Child {
  readonly pid: number;

  private constructor(private readonly process: ChildProcess) {
    this.pid = process.pid as number;
  }

  /** @param file from the package's folder, TypeScript or JavaScript */
  static start(file: string, { args = [], env = {}, nodeArgs = [] }: ChildOptions = {}): Child {
    const program = file.endsWith('.ts') ? [join(ROOT, 'scripts', 'run-ts.js'), join(ROOT, file)] : [join(ROOT, file)];
    return new Child(
      spawn(process.execPath, [...nodeArgs, ...program, ...args], {
        cwd: ROOT,
        env: { ...process.env, ...env },
        stdio: ['ignore', process.env.PATTER_BENCH_OUTPUT ? 'inherit' : 'ignore', 'inherit', 'ipc'],
      }),
    );
  }

  /** Sends, and resolves with the answer that `is` picks. Rejects when the process ends first. */
  ask<T>(message: object | undefined, is: (answer: Record<string, unknown>) => boolean): Promise<T> {
    const answer = new Promise<T>((resolve, reject) => {
      const onMessage = (said: unknown) => {
        if (!is(said as Record<string, unknown>)) return;
        this.process.off('message', onMessage);
        this.process.off('exit', onExit);
        resolve(said as T);
      };
      const onExit = (code: number | null) => reject(new Error(`a process of the benchmark ended with ${code}`));
      this.process.on('message', onMessage);
      this.process.once('exit', onExit);
    });
    if (message) this.process.send(message);
    return answer;
  }

  async listening(): Promise<string> {
    return (await this.ask<{ value: string }>(undefined, (said) => said.done === 'listening')).value;
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const gone = once(this.process, 'exit');
    this.process.kill('SIGTERM');
    const cancel = systemClock.after(STOP_WITHIN_MS, () => this.process.kill('SIGKILL'));
    await gone;
    cancel();
  }
}
