/** Contacts in the parts in which they go to a backend: as many as one request takes, as they are read, and no more than that in memory. */
import type { CsvReject, CsvRow } from '../../control/campaigns/contacts-csv';

export type PartRow =
  | { readonly line: number; readonly phone: string; readonly timezone: string; readonly variables: Readonly<Record<string, string>> }
  | { readonly line: number; readonly phone: string; readonly reason: string };

/** What `POST /api/campaigns/:id/contacts` takes at once. */
const MOST_ROWS = 1_000;
const MOST_CHARACTERS = 500_000;

export async function* partsOf(rows: AsyncIterable<CsvRow | CsvReject>): AsyncGenerator<PartRow[]> {
  let part: PartRow[] = [];
  let characters = 0;
  for await (const read of rows) {
    let row = rowOf(read);
    let length = JSON.stringify(row).length;
    if (length > MOST_CHARACTERS) {
      row = rejected(read, `the contact has more than ${MOST_CHARACTERS} characters`);
      length = JSON.stringify(row).length;
    }
    if (part.length === MOST_ROWS || characters + length > MOST_CHARACTERS) {
      yield part;
      part = [];
      characters = 0;
    }
    part.push(row);
    characters += length;
  }
  if (part.length > 0) yield part;
}

function rowOf(read: CsvRow | CsvReject): PartRow {
  if (read.kind === 'reject') return rejected(read, read.reason);
  const { line, phone, timezone, variables } = read;
  // Neither is one then, and the reason comes from where all others are judged.
  return { line, phone: phone.slice(0, 200), timezone: timezone.slice(0, 100), variables };
}

function rejected({ line, phone }: CsvRow | CsvReject, reason: string): PartRow {
  return { line, phone: phone.slice(0, 200), reason: reason.slice(0, 500) };
}
