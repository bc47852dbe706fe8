const PLACEHOLDER = /\{\s*([\p{L}_][\p{L}\p{N}_ .-]*?)\s*\}/gu;

/** The name by which a column is known in templates: `First Name`, `first-name` and `first_name` are one. */
export function variableName(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replace(/[\s.-]+/g, '_');
}

/** The names of the `{placeholders}` of a text, each once. Braces with anything but a name between them, as in JSON, are none. */
export function placeholdersIn(text: string): string[] {
  return [...new Set([...text.matchAll(PLACEHOLDER)].map((match) => variableName(match[1] as string)))];
}

/**
 * Puts the variables into the text, in one pass: braces within a value stay what they are. A name without a value becomes nothing, because
 * a placeholder read aloud is worse; the import has refused files with unknown names before.
 */
export function fillTemplate(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(PLACEHOLDER, (_, name: string) => {
    const key = variableName(name);
    return Object.hasOwn(variables, key) ? (variables[key] as string) : '';
  });
}
