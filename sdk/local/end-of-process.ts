/** What happens to an embedded server when its process is told to end, or ends without a word. */

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export interface EndOfProcess {
  /** Takes the handlers away again. */
  remove(): void;
}

/**
 * On SIGINT or SIGTERM `stop` is awaited, and then the process ends as that signal ends it, unless the program has handlers of its own, whose decision it
 * is. A second signal ends it at once. `abandon` is called when the process exits in any other way: it cannot wait.
 */
export function onEndOfProcess(stop: () => Promise<void>, abandon: () => void): EndOfProcess {
  let asked = false;
  const handlers = SIGNALS.map((signal) => {
    const handler = () => {
      if (asked) return die(signal);
      asked = true;
      stop().then(
        () => die(signal),
        () => die(signal),
      );
    };
    return { signal, handler };
  });
  const onExit = () => abandon();
  const remove = () => {
    for (const { signal, handler } of handlers) process.off(signal, handler);
    process.off('exit', onExit);
  };
  function die(signal: NodeJS.Signals): void {
    for (const { signal: name, handler } of handlers) process.off(name, handler);
    // With the default action back in place.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  }
  for (const { signal, handler } of handlers) process.on(signal, handler);
  process.on('exit', onExit);
  return { remove };
}
