import type { Variables } from '../contracts/agent';
import type { SingleOptions } from '../contracts/single-call';

/** Those of a single call's variables that were passed as custom parameters. Empty where their values have been erased, and for every other call. */
export function customParamsOf(single: Pick<SingleOptions, 'customParams'> | null | undefined, variables: Variables): Variables {
  const names = single?.customParams ?? [];
  return Object.fromEntries(names.flatMap((name) => (variables[name] === undefined ? [] : [[name, variables[name]]])));
}
