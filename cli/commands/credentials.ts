import type { Command } from 'commander';
import { PatterError } from '../../contracts/errors';
import { DEFAULT_TENANT } from '../../contracts/ids';
import { PROVIDER_CREDENTIALS, PROVIDERS, type ProviderName } from '../../contracts/provider-credentials';
import type { ControlContext } from '../../control/context';
import { checkedTenantId } from '../../control/tenants/tenant-id';
import { CredentialVault } from '../../runtime/credential-vault';
import { withControl } from '../open-control';
import { printJson } from '../output';
import { processTerminal, table } from '../terminal';

interface Options {
  json?: boolean;
  tenant?: string;
}

/** `patter credentials …`: accounts of tenants at carriers and AI vendors, kept encrypted. */
export function register(program: Command): void {
  const credentials = program.command('credentials').description('accounts of tenants at carriers and AI vendors, kept encrypted');
  const command = (name: string, description: string) =>
    credentials
      .command(name)
      .description(description)
      .option('--tenant <id>', 'whose account it is (default: default)')
      .option('--json', 'print JSON');
  const terminal = processTerminal();

  command(
    'set',
    `keep the account of one of ${PROVIDERS.join(', ')}; its values are read from the environment, never from the command line`,
  )
    .argument('<provider>')
    .action((provider: string, options: Options) =>
      withVault(options, async (vault, tenantId) => {
        const name = providerOf(provider);
        const variables = Object.keys(PROVIDER_CREDENTIALS[name].shape);
        const values = Object.fromEntries(
          variables.flatMap((variable) => (process.env[variable] ? [[variable, process.env[variable]]] : [])),
        );
        await vault.set(tenantId, name, values as never);
        if (options.json) return printJson({ tenantId, provider: name, variables: Object.keys(values) });
        terminal.out(`The ${name} account of tenant ${tenantId} is kept (${Object.keys(values).join(', ')}).\n`);
      }),
    );

  command('list', 'which providers a tenant has accounts at, without their secrets').action((options: Options) =>
    withVault(options, async (vault, tenantId) => {
      const found = await vault.list(tenantId);
      if (options.json) return printJson(found.map((row) => ({ ...row, updatedAt: row.updatedAt.toISOString() })));
      if (found.length === 0) return terminal.out(`Tenant ${tenantId} has none of its own: its calls use those of the processes.\n`);
      const rows = found.map((row) => [row.provider, row.encryptionKeyId, row.updatedAt.toISOString().slice(0, 16).replace('T', ' ')]);
      terminal.out(`${table([['PROVIDER', 'ENCRYPTED WITH', 'CHANGED (UTC)'], ...rows])}\n`);
    }),
  );

  command('remove', 'forget an account; calls from then on use that of the processes')
    .argument('<provider>')
    .action((provider: string, options: Options) =>
      withVault(options, async (vault, tenantId) => {
        const removed = await vault.remove(tenantId, providerOf(provider));
        if (options.json) return printJson({ tenantId, provider, removed });
        terminal.out(removed ? `The ${provider} account of tenant ${tenantId} is forgotten.\n` : `Tenant ${tenantId} had none.\n`);
      }),
    );

  credentials
    .command('rotate')
    .description('encrypt all accounts of all tenants with the first key of PATTER_ENCRYPTION_KEY; safe to repeat')
    .option('--json', 'print JSON')
    .action((options: Options) =>
      withVault(options, async (vault) => {
        const rotated = await vault.rotate();
        if (options.json) return printJson({ rotated });
        terminal.out(`${rotated} were encrypted anew.\n`);
      }),
    );
}

function withVault(options: Options, work: (vault: CredentialVault, tenantId: string) => Promise<void>): Promise<void> {
  const tenantId = checkedTenantId(options.tenant ?? DEFAULT_TENANT);
  return withControl(async ({ store, config, clock }: ControlContext) =>
    work(new CredentialVault(store.credentials, config, clock), tenantId),
  );
}

function providerOf(text: string): ProviderName {
  if ((PROVIDERS as string[]).includes(text)) return text as ProviderName;
  throw new PatterError('PATTER_CONFIG_INVALID', `A provider is one of ${PROVIDERS.join(', ')}.`);
}
