/** What comes with a call that came in, as the variables of the agent's texts. The caller's side may have written it: bounded, and never a number to dial. */

/** A prompt is no place for more. */
const MAX_PARAMETERS = 50;
const MAX_VALUE_CHARS = 500;

const E164 = /^\+[1-9]\d{6,14}$/;

/** Names as templates have them: `Customer-Id` is `{customer_id}`. The first of two that become one stands. */
export function callParameters(entries: Iterable<readonly [name: string, value: string | undefined]>): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const [name, value] of entries) {
    const key = name
      .trim()
      .toLowerCase()
      .replace(/[\s.-]+/g, '_');
    if (value === undefined || key === '' || Object.hasOwn(parameters, key)) continue;
    if (Object.keys(parameters).length >= MAX_PARAMETERS) break;
    parameters[key] = value.slice(0, MAX_VALUE_CHARS);
  }
  return parameters;
}

/** A number in E.164 form, as it is or as the user of a SIP address; undefined for anything else, as `anonymous`. */
export function numberIn(address: string | undefined): string | undefined {
  const user = /^sips?:([^@;]+)/i.exec(address ?? '')?.[1];
  const number = user === undefined ? address : decodeUser(user);
  return number !== undefined && E164.test(number) ? number : undefined;
}

function decodeUser(user: string): string {
  try {
    return decodeURIComponent(user);
  } catch {
    return user;
  }
}
