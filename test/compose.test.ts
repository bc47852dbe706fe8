import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { createProgram } from '../cli/main';
import { configSchema, loadConfig } from '../runtime/config';
import { stopGraceMs } from '../runtime/drain-limits';

const FILE = join(__dirname, '..', 'docker-compose.yml');
const OURS = ['worker', 'gateway-1', 'gateway-2', 'control'];
/** What compose itself needs from .env, beside our own variables. */
const COMPOSE_ONLY = ['POSTGRES_PASSWORD'];

const text = readFileSync(FILE, 'utf8');
const parsed = parse(text, { merge: true });

/** What of the compose specification the file uses; anything else in it is a misspelling. */
const healthcheck = z.strictObject({
  test: z.tuple([z.enum(['CMD', 'CMD-SHELL'])], z.string()),
  interval: z.string(),
  timeout: z.string(),
  retries: z.number(),
  start_period: z.string(),
});
const service = z
  .strictObject({
    image: z.string().optional(),
    build: z.string().optional(),
    command: z.array(z.string()).optional(),
    restart: z.enum(['no', 'always', 'on-failure', 'unless-stopped']),
    stop_grace_period: z
      .string()
      .regex(/^\d+s$/)
      .optional(),
    depends_on: z.record(z.string(), z.strictObject({ condition: z.enum(['service_started', 'service_healthy']) })).optional(),
    environment: z.record(z.string(), z.string()),
    ports: z.array(z.string().regex(/^(\d+(\.\d+){3}:)?\d+:\d+$/)).optional(),
    volumes: z.array(z.string().regex(/^[a-z0-9-]+:\/[\w/]+$/)).optional(),
    healthcheck,
  })
  .refine((one) => one.image ?? one.build, 'a service has an image or is built');
const composeSchema = z.looseObject({
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.null()),
});

const compose = composeSchema.parse(parsed);

test('the file keeps to the compose specification', () => {
  const unknownKeys = Object.keys(parsed).filter((key) => !['services', 'volumes'].includes(key) && !key.startsWith('x-'));
  expect(unknownKeys).toEqual([]);
  for (const [name, one] of Object.entries(compose.services)) {
    for (const needed of Object.keys(one.depends_on ?? {}))
      expect([name, Object.keys(compose.services)]).toEqual([name, expect.arrayContaining([needed])]);
    for (const volume of one.volumes ?? []) expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0]);
  }
});

test('docker-compose accepts it, where it is installed', () => {
  const env = {
    ...process.env,
    POSTGRES_PASSWORD: 'p',
    PATTER_SECRET_KEY: 'a-secret-key-for-the-test',
    PATTER_CONTROL_TOKEN: 'a-control-token-for-the-test',
    PATTER_PUBLIC_URL: 'https://a.example.com,https://b.example.com',
  };
  const run = spawnSync('docker-compose', ['-f', FILE, 'config', '--quiet'], { env, encoding: 'utf8', timeout: 30_000 });
  if ((run.error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return;
  expect(run).toMatchObject({ status: 0 });
});

test('nobody is killed while it hands its calls over', () => {
  const needed = stopGraceMs(loadConfig({}, '/nowhere'));
  for (const name of OURS) expect(Number.parseInt(compose.services[name]!.stop_grace_period!, 10) * 1_000).toBeGreaterThanOrEqual(needed);
});

test('every variable that our services are given exists in the configuration', () => {
  for (const name of OURS) {
    const variables = Object.keys(compose.services[name]!.environment);
    expect(variables.filter((variable) => !(variable in configSchema.shape))).toEqual([]);
  }
});

test('every variable of the configuration reaches the services, or has a reason not to', () => {
  const reasons: Readonly<Record<string, string>> = {
    PATTER_HOME: 'the image has it',
    PATTER_GATEWAY_PORT: 'the command has it',
    PATTER_DATABASE_URL: 'DATABASE_URL is its own',
    ENCRYPTION_KEY: 'PATTER_ENCRYPTION_KEY takes its place',
    PATTER_TASK_QUEUE: 'its Temporal is its own',
    PATTER_BUILD_ID: 'made from the workflows',
    PATTER_CONTROL_INTERNAL_URL: 'one control process',
    PATTER_MCP_TOKEN: 'patter mcp runs elsewhere',
    PATTER_MCP_ALLOWED_NUMBERS: 'patter mcp runs elsewhere',
    PATTER_REHEARSE_AT: 'for rehearsals in the lab',
  };
  const given = new Set(OURS.flatMap((name) => Object.keys(compose.services[name]!.environment)));
  const missing = Object.keys(configSchema.shape).filter(
    (name) => !given.has(name) && !(name in reasons) && !name.endsWith('_BASE_URL') && !/^TEMPORAL_(TLS|API_KEY)/.test(name),
  );
  expect(missing).toEqual([]);
});

test('every variable that .env is asked for is ours or known', () => {
  const asked = [...text.matchAll(/\$\{(\w+)/g)].map((match) => match[1]!);
  expect([...new Set(asked)].filter((name) => !(name in configSchema.shape) && !COMPOSE_ONLY.includes(name))).toEqual([]);
});

test('what a service sets is accepted by the configuration', () => {
  for (const name of OURS) {
    const values = Object.entries(compose.services[name]!.environment)
      .map(([key, value]) => [
        key,
        value
          .replace(/\$\{\w+:-([^}]*)\}/g, '$1')
          .replace(/\$\{PATTER_PUBLIC_URL[^}]*\}/, 'https://a.example.com,https://b.example.com')
          .replace(/\$\{[^}]*\}/g, 'a-secret-of-sixteen'),
      ])
      .filter(([, value]) => value !== '');
    expect(configSchema.safeParse(Object.fromEntries(values)).error?.issues ?? []).toEqual([]);
  }
});

test('the services are commands that exist, as many gateways as public URLs with an index of their own', () => {
  const commands = createProgram().commands.map((command) => command.name());
  for (const name of OURS) expect(commands).toContain(compose.services[name]!.command![0]);
  expect(OURS.filter((name) => name.startsWith('gateway')).map((name) => compose.services[name]!.environment.PATTER_GATEWAY_INDEX)).toEqual(
    ['1', '2'],
  );
});
