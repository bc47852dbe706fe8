/** What stands in fences in the documentation. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');

export interface DocBlock {
  /** Path from the root, and the line of its fence. */
  at: string;
  language: string;
  /** As in "```js file=call.mjs". */
  file: string | undefined;
  source: string;
}

/** Pages that are written for users of the package. */
export const PAGES = [
  'README.md',
  'docs/migration.md',
  ...['sdk', 'sdk-local', 'sdk-campaigns', 'schedules', 'workflows'].map((name) => `docs/${name}.md`),
  'docs/engines.md',
  ...readdirSync(join(ROOT, 'docs', 'guides'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/guides/${name}`),
];

export function docBlocks(page: string): DocBlock[] {
  const blocks: DocBlock[] = [];
  let open: (DocBlock & { indent: string }) | undefined;
  for (const [index, line] of readFileSync(join(ROOT, page), 'utf8').split('\n').entries()) {
    const fence = /^(\s*)```(\w*)(?: file=(\S+))?\s*$/.exec(line);
    if (fence && !open) {
      const [, indent = '', language = '', file] = fence;
      open = { at: `${page}:${index + 1}`, language, file, source: '', indent };
    } else if (fence && open) {
      const { indent: _, ...block } = open;
      blocks.push(block);
      open = undefined;
    } else if (open) open.source += `${line.startsWith(open.indent) ? line.slice(open.indent.length) : line}\n`;
  }
  return blocks;
}
