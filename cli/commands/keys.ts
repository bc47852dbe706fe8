import type { Command } from 'commander';
import { type ApiKey, createApiKey, listApiKeys, revokeApiKey } from '../../control/keys/api-keys';
import { ALL_SCOPES } from '../../control/keys/scopes';
import { withControl } from '../open-control';
import { printJson } from '../output';
import { processTerminal, table } from '../terminal';

interface Options {
  json?: boolean;
  tenant?: string;
  scopes?: string;
  name?: string;
  number?: string;
}

/** `patter keys …`: API keys for programs that use the control API or connect to it. */
export function register(program: Command): void {
  const keys = program.command('keys').description('API keys of programs, each of one tenant');
  const command = (name: string, description: string) =>
    keys
      .command(name)
      .description(description)
      .option('--tenant <id>', 'whose data the key opens (default: default)')
      .option('--json', 'print JSON');
  const terminal = processTerminal();

  command('create', 'make a key; its secret is shown once')
    .option('--scopes <list>', `what it may do, comma-separated: ${ALL_SCOPES.join(', ')} (default: all)`)
    .option('--name <text>', 'what it is for')
    .option('--number <e164>', 'the number that programs mean which name none')
    .action((options: Options) =>
      withControl(async (ctx) => {
        const { tenant: tenantId, name, number } = options;
        const scopes = options.scopes?.split(',').map((scope) => scope.trim());
        const { key, secret } = await createApiKey(ctx, { tenantId, name, number, scopes });
        if (options.json) return printJson({ ...json(key), secret });
        terminal.err(`${key.keyId} of tenant ${key.tenantId}, for ${key.scopes.join(', ')}. The key, shown only now:\n`);
        terminal.out(`${secret}\n`);
      }),
    );

  command('list', 'the keys of a tenant, without their secrets').action((options: Options) =>
    withControl(async (ctx) => {
      const found = await listApiKeys(ctx, options.tenant);
      if (options.json) return printJson(found.map(json));
      if (found.length === 0) return terminal.out('No key yet. Make one with: patter keys create\n');
      const rows = found.map((key) => [
        key.keyId,
        `${key.prefix}…`,
        key.name,
        key.scopes.join(','),
        key.number ?? '',
        minute(key.createdAt),
        minute(key.lastUsedAt),
        minute(key.revokedAt),
      ]);
      terminal.out(`${table([['ID', 'KEY', 'NAME', 'SCOPES', 'NUMBER', 'CREATED (UTC)', 'LAST USED', 'REVOKED'], ...rows])}\n`);
    }),
  );

  command('revoke', 'from now on the key opens nothing')
    .argument('<id or key prefix>')
    .action((which: string, options: Options) =>
      withControl(async (ctx) => {
        const key = await revokeApiKey(ctx, which.replace(/…$/, ''), options.tenant);
        if (options.json) return printJson(json(key));
        terminal.out(`${key.keyId} (${key.prefix}…) opens nothing any more.\n`);
      }),
    );
}

function json(key: ApiKey) {
  return {
    ...key,
    number: key.number ?? null,
    createdAt: key.createdAt.toISOString(),
    lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
    revokedAt: key.revokedAt?.toISOString() ?? null,
  };
}

function minute(at: Date | undefined): string {
  return at?.toISOString().slice(0, 16).replace('T', ' ') ?? '';
}
