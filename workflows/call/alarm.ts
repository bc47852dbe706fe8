import { CancellationScope, sleep } from '@temporalio/workflow';

/**
 * A timer that `condition`s can watch. Other than the one of `condition(fn, timeout)` it is not cancelled when the wait is over: a workflow
 * that ends anyway saves the event.
 */
export class Alarm {
  rang = false;
  private readonly scope = new CancellationScope();

  constructor(ms: number) {
    void this.scope
      .run(() => sleep(ms))
      .then(
        () => {
          this.rang = true;
        },
        () => undefined,
      );
  }

  cancel(): void {
    this.scope.cancel();
  }
}
