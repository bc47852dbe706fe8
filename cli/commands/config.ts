/** `patter config`: the configuration as every process sees it. */
import type { Command } from 'commander';
import { type Config, configSchema, loadConfig } from '../../runtime/config';
import { printJson } from '../output';

export function register(program: Command): void {
  program
    .command('config')
    .description('print the configuration (environment over .env over defaults), secrets masked')
    .option('--json', 'as one JSON object')
    .action((options: { json?: boolean }) => {
      const masked = maskConfig(loadConfig());
      if (options.json) return printJson(masked);
      const width = Math.max(...Object.keys(masked).map((name) => name.length));
      for (const [name, value] of Object.entries(masked)) {
        process.stdout.write(`${name.padEnd(width)}  ${value === null ? '(unset)' : Array.isArray(value) ? value.join(',') : value}\n`);
      }
    });
}

/** Every variable, unset ones as null, secrets as `***` (a connection string keeps its host). */
export function maskConfig(config: Config): Record<string, unknown> {
  const values = config as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(configSchema.shape).map(([name, field]) => {
      const value = values[name];
      const secret = (field.meta() as { secret?: boolean } | undefined)?.secret === true;
      return [name, value === undefined ? null : secret ? maskSecret(String(value)) : value];
    }),
  );
}

function maskSecret(text: string): string {
  try {
    const url = new URL(text);
    if (url.host) return `${url.protocol}//***@${url.host}${url.pathname}`;
  } catch {
    // Not a URL.
  }
  return '***';
}
