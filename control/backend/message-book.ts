/** Who was given which message, known to all control processes: one that is asked for a message asks the program that has it already. */
import type { Clock } from '../../contracts/clock';
import type { Logger } from '../../runtime/log';
import type { SdkStore } from '../../store/store';

export interface Given {
  callId: string;
  tenantId: string;
  messageId: string;
  clientId: string;
  present: readonly string[];
  force: boolean;
}

export interface MessageBook {
  /** @returns the program that has it now: perhaps another one */
  give(message: Given): Promise<string>;
  /** Nobody else has been asked for this message since. */
  isOurs(callId: string, messageId: string): Promise<boolean>;
  /** The program that has the call. */
  programOf(callId: string): Promise<string | undefined>;
}

/** A person waits on the line: without the database it goes on by what this process knows. */
const WITHIN_MS = 500;

export class StoredBook implements MessageBook {
  constructor(
    private readonly store: SdkStore,
    private readonly asker: string,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  give(message: Given): Promise<string> {
    const { store, asker, clock } = this;
    return this.#soon(store.giveMessage({ ...message, asker, now: new Date(clock.now()) }), message.clientId);
  }

  async isOurs(callId: string, messageId: string): Promise<boolean> {
    const last = await this.#soon(this.store.lastMessage(callId), undefined);
    return last !== undefined && (last.messageId !== messageId || last.asker === this.asker);
  }

  async programOf(callId: string): Promise<string | undefined> {
    return (await this.#soon(this.store.lastMessage(callId), undefined))?.clientId;
  }

  #soon<T>(asked: Promise<T>, otherwise: T): Promise<T> {
    return new Promise((resolve) => {
      const cancel = this.clock.after(WITHIN_MS, () => resolve(otherwise));
      asked.then(
        (answer) => {
          cancel();
          resolve(answer);
        },
        (error: unknown) => {
          cancel();
          this.log.warn({ err: error }, 'who has a message could not be read or written: this process goes by what it knows');
          resolve(otherwise);
        },
      );
    });
  }
}
