import type { Variables } from '../contracts/agent';
import type { SingleOptions } from '../contracts/single-call';

/** What the carrier tells of every call that comes in; all else came with the one call. */
export const OF_EVERY_INBOUND_CALL: readonly string[] = ['caller', 'called', 'caller_name'];

/** What a call that came in brought with it, of the variables that are kept of it: SIP headers, the query of its voice URL. */
export function inboundParamsOf(variables: Variables): Variables {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !OF_EVERY_INBOUND_CALL.includes(name)));
}

/** Those of a single call's variables that were passed as custom parameters. Empty where their values have been erased, and for every other call. */
export function customParamsOf(single: Pick<SingleOptions, 'customParams'> | null | undefined, variables: Variables): Variables {
  const names = single?.customParams ?? [];
  return Object.fromEntries(names.flatMap((name) => (variables[name] === undefined ? [] : [[name, variables[name]]])));
}
