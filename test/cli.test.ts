/** The command line itself, in this process. */

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { maskConfig } from '../cli/commands/config';
import { createProgram } from '../cli/main';
import { configSchema, loadConfig } from '../runtime/config';
import { listProcessStates } from '../runtime/process-files';
import { builtProgram } from './support/built';

function patter(
  program: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { env: { ...process.env, ...env } }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

test('every command and every option has a description', () => {
  const undescribed: string[] = [];
  const visit = (command: ReturnType<typeof createProgram>, path: string) => {
    if (!command.description()) undescribed.push(path);
    for (const option of command.options) if (!option.description) undescribed.push(`${path} ${option.flags}`);
    for (const child of command.commands) visit(child, `${path} ${child.name()}`);
  };
  visit(createProgram(), 'patter');
  expect(undescribed).toEqual([]);
});

test('`patter call` names the field of a placeholder that no --var fills, before anything is connected to', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'patter-cli-call-'));
  const agent = join(folder, 'agent.yaml');
  writeFileSync(agent, "engine: { type: openai-realtime }\nsystemPrompt: x\nturns: { idle: { goodbye: 'Bye, {nick}.' } }\n");
  const call = (...more: string[]) =>
    createProgram().parseAsync(['node', 'patter', 'call', '+12125550101', '--from', '+15005550006', '--agent', agent, ...more]);
  try {
    await expect(call()).rejects.toMatchObject({
      code: 'PATTER_REQUEST_INVALID',
      message: 'The call cannot be placed: agent.turns.idle.goodbye: {nick} has no value: give one in variables.',
    });
    await expect(call('--var', `nick=${'x'.repeat(501)}`)).rejects.toThrow('variables.nick: a variable has at most 500 characters');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the printed configuration names every variable and shows no secret', () => {
  const secret = 'do-not-show-this-value';
  const env = {
    PATTER_SECRET_KEY: secret,
    TWILIO_AUTH_TOKEN: secret,
    OPENAI_API_KEY: secret,
    PATTER_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
    DATABASE_URL: `postgres://user:${secret}@db.example.com:5432/patter`,
  };
  const printed = maskConfig(loadConfig(env, '/nowhere'));
  expect(Object.keys(printed).sort()).toEqual(Object.keys(configSchema.shape).sort());
  const text = JSON.stringify(printed);
  expect(text).not.toContain(secret);
  expect(text).not.toContain(env.PATTER_ENCRYPTION_KEY);
  expect(printed.DATABASE_URL).toBe('postgres://***@db.example.com:5432/patter');
});

describe('exit codes and error output', () => {
  let program: string;
  beforeAll(async () => {
    program = await builtProgram();
  }, 120_000);

  test('a wrong configuration is one line with its code on stderr, exit 1', async () => {
    const { code, stdout, stderr } = await patter(program, ['config'], { PATTER_GATEWAY_PORT: 'eighty' });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^error PATTER_CONFIG_INVALID: [\s\S]*PATTER_GATEWAY_PORT/);
  });

  test('with --json the error is an object on stdout', async () => {
    const { code, stdout } = await patter(program, ['config', '--json'], { PATTER_PUBLIC_URL: 'http://example.com' });
    expect(code).toBe(1);
    expect(JSON.parse(stdout).error).toMatchObject({
      code: 'PATTER_CONFIG_INVALID',
      details: { variables: [expect.stringContaining('PATTER_PUBLIC_URL')] },
    });
  });

  test.each([[['no-such-command']], [['gateway', '--port', 'eighty']], [['dev', '--gateways', '0']]])(
    '%j is a wrong command line, exit 2',
    async (args) => {
      const { code, stderr } = await patter(program, args);
      expect(code).toBe(2);
      expect(stderr).toContain('error:');
    },
  );

  test.each(['worker', 'gateway', 'control'])('%s without a stack says how to get one, and leaves no pid file', async (role) => {
    const home = mkdtempSync(join(tmpdir(), 'patter-cli-'));
    try {
      const { code, stderr } = await patter(program, [role], { PATTER_HOME: home });
      expect(code).toBe(1);
      expect(stderr).toContain('error PATTER_STACK_NOT_RUNNING: ');
      expect(listProcessStates(home)).toEqual([]);
    } finally {
      rmSync(home, { recursive: true });
    }
  });

  test('help and version are no errors', async () => {
    expect((await patter(program, ['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+/);
    expect(await patter(program, ['dev', '--help'])).toMatchObject({ code: 0, stdout: expect.stringContaining('--lab') });
  });
});
