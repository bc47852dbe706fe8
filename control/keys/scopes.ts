import { PatterError } from '../../contracts/errors';

/** What a key may be for. A route that names none of them is closed to keys. */
export const SCOPES = {
  read: 'see campaigns, calls and reports',
  calls: 'place calls, start campaigns, make schedules, and hang up, speak and transfer in calls',
  campaigns: 'pause, resume, edit and cancel campaigns; pause, resume and delete schedules',
  dnc: 'look up, add and remove numbers of the do-not-call list',
  privacy: 'erase what is known of a person',
  connect: 'answer the calls of the tenant’s numbers as an SDK client, and set their providers',
} as const;
export type Scope = keyof typeof SCOPES;

export const ALL_SCOPES = Object.keys(SCOPES) as Scope[];

/** @throws PatterError PATTER_CONFIG_INVALID */
export function checkedScopes(names: readonly string[]): Scope[] {
  const unknown = names.filter((name) => !Object.hasOwn(SCOPES, name));
  if (names.length > 0 && unknown.length === 0) return [...new Set(names as Scope[])];
  throw new PatterError(
    'PATTER_CONFIG_INVALID',
    `Scopes are ${ALL_SCOPES.join(', ')}${unknown.length > 0 ? `; not ${unknown.join(', ')}` : ''}.`,
  );
}
