import type { Machine } from './machine';
import type { BenchOptions } from './options';

export type Row = Readonly<Record<string, string | number>>;

/** A Markdown table: what a terminal shows can be pasted into docs/performance.md. */
export function table(rows: readonly Row[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cells = [names, ...rows.map((row) => names.map((name) => String(row[name] ?? '')))];
  const widths = names.map((_, column) => Math.max(...cells.map((line) => (line[column] as string).length)));
  const line = (values: readonly string[]) => `| ${values.map((value, column) => value.padEnd(widths[column] as number)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [line(cells[0] as string[]), rule, ...cells.slice(1).map(line)].join('\n');
}

/** A table for people; with `--json` also what a program can read, alone on stdout. */
export function report(options: BenchOptions, name: string, where: Machine, sections: Readonly<Record<string, readonly Row[]>>): void {
  const head = `${name} at ${where.commit}, ${where.at}: ${where.cores} cores (${where.model}), ${where.memoryGib} GiB, Node ${where.node}, load ${where.loadBefore} before`;
  const text = Object.entries(sections).map(([title, rows]) => `\n${title}\n\n${table(rows)}\n`);
  (options.json ? process.stderr : process.stdout).write(`${head}\n${text.join('')}`);
  if (options.json) process.stdout.write(`${JSON.stringify({ name, machine: where, ...sections }, null, 2)}\n`);
}
