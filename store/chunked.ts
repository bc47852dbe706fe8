/** Slices of a list that fit into one statement: Postgres takes 65,535 parameters. */
export function* chunked<T>(list: readonly T[], size = 1_000): Generator<T[]> {
  for (let start = 0; start < list.length; start += size) yield list.slice(start, start + size);
}
