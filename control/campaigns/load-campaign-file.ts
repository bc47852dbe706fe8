import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Document, isMap, isScalar, LineCounter, type Node, parseDocument, visit } from 'yaml';
import type { z } from 'zod';
import { type AgentSpec, BUILT_IN_TOOLS } from '../../contracts/agent';
import { type CampaignSpec, campaignFileSchema } from '../../contracts/campaign';
import { type ErrorCode, PatterError } from '../../contracts/errors';
import { MCP_SEPARATOR } from '../../contracts/tool';
import { timezoneName } from '../../policy/timezone';
import { transferChecks } from '../../policy/transfer-targets';
import { environmentOf } from '../../runtime/config';
import { ArgumentSchemas } from '../../runtime/json-schema';

export interface FileProblem {
  /** `dialing.cps`, `agent.tools.0.name`; empty for the file as a whole. */
  field: string;
  /** From 1. */
  line: number;
  message: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads and validates a campaign file. `${NAME}` in a value is taken from the environment, else from `.env`, so that secrets and hosts need not be in the file.
 * @throws PatterError PATTER_CAMPAIGN_FILE_INVALID with every problem, each with its field and line (`details.problems`)
 */
export async function loadCampaignFile(path: string, env: Environment = environmentOf()): Promise<CampaignSpec> {
  return parseCampaign(await readSpecFile(path, CAMPAIGN), basename(path), env);
}

export async function readSpecFile(path: string, { kind, code }: SpecFile<unknown>['what']): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new PatterError(code, `Cannot read the ${kind} file ${path}: ${(cause as Error).message}`, { cause });
  }
}

/** As `loadCampaignFile`, of a text. `name` is how errors call the file. */
export function parseCampaign(text: string, name = 'campaign.yaml', env: Environment = {}): CampaignSpec {
  return parseSpecFile(text, { name, env, schema: campaignFileSchema, crossChecks: campaignChecks, what: CAMPAIGN });
}

const CAMPAIGN = { kind: 'campaign', code: 'PATTER_CAMPAIGN_FILE_INVALID' } as const;

export interface SpecFile<T> {
  /** How errors call the file. */
  name: string;
  env: Environment;
  schema: z.ZodType<T>;
  /** What no single field can tell. */
  crossChecks(spec: T): { path: PropertyKey[]; message: string }[];
  what: { kind: string; code: ErrorCode };
}

/** Every file of this product that is YAML with a schema: a campaign's, a line's. @throws PatterError of `what.code` */
export function parseSpecFile<T>(text: string, file: SpecFile<T>): T {
  const { env } = file;
  const invalid = (found: FileProblem[]) => invalidFile(file, found);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems: FileProblem[] = document.errors.map((error) => ({
    field: '',
    line: lines.linePos(error.pos[0]).line,
    message: error.message,
  }));
  if (problems.length > 0) throw invalid(problems);

  const lineOf = (path: readonly PropertyKey[]) => lineOfPath(document, lines, path);
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value !== 'string') return;
      node.value = node.value.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (whole, variable: string) => {
        const value = env[variable];
        if (value !== undefined && value !== '') return value;
        const line = node.range ? lines.linePos(node.range[0]).line : 1;
        problems.push({ field: '', line, message: `${whole} is not set in the environment` });
        return whole;
      });
    },
  });
  const parsed = file.schema.safeParse(document.toJS() ?? {});
  if (!parsed.success) {
    for (const issue of parsed.error.issues) problems.push(...toProblems(issue, lineOf));
    throw invalid(problems);
  }
  problems.push(...file.crossChecks(parsed.data).map(({ path, message }) => ({ field: path.join('.'), line: lineOf(path), message })));
  if (problems.length > 0) throw invalid(problems);
  return parsed.data;
}

function invalidFile({ name, what }: Pick<SpecFile<unknown>, 'name' | 'what'>, problems: FileProblem[]): PatterError {
  problems.sort((a, b) => a.line - b.line);
  const list = problems.map(({ field, line, message }) => `  ${name}:${line}: ${field ? `${field}: ` : ''}${message}`);
  return new PatterError(what.code, `The ${what.kind} file has ${count(problems.length)}:\n${list.join('\n')}`, {
    details: { problems },
  });
}

function count(n: number): string {
  return n === 1 ? 'one problem' : `${n} problems`;
}

/** The line of the field, or of the nearest part of its path that is there. */
function lineOfPath(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let line = 1;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === key);
      if (!pair) break;
      const start = (pair.key as Node).range?.[0];
      if (start !== undefined) line = lines.linePos(start).line;
      node = pair.value;
    } else {
      node = document.getIn([...path.slice(0, path.indexOf(key) + 1)] as unknown[], true);
      const start = (node as Node | undefined)?.range?.[0];
      if (start === undefined) break;
      line = lines.linePos(start).line;
    }
  }
  return line;
}

function toProblems(issue: z.core.$ZodIssue, lineOf: (path: readonly PropertyKey[]) => number): FileProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      return { field: path.join('.'), line: lineOf(path), message: 'there is no such field' };
    });
  }
  return [{ field: issue.path.join('.'), line: lineOf(issue.path), message: wording(issue) }];
}

/** What to do, where zod only says what is. */
function wording(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') {
    if (/received undefined/.test(issue.message)) return 'is required';
    if (issue.expected === 'string' && /received (number|boolean)/.test(issue.message)) return 'must be text: put it in quotes';
  }
  if (issue.code === 'invalid_union') {
    const messages = issue.errors.flat().map((inner) => inner.message);
    // The last alternative of our unions is the widest and explains itself.
    const explained = messages.filter((message) => !message.startsWith('Invalid input'));
    if (explained.length > 0) return explained.at(-1) as string;
  }
  return issue.message;
}

/** What no single field can tell. */
export function campaignChecks(spec: CampaignSpec): { path: PropertyKey[]; message: string }[] {
  const found = toolChecks(spec.agent);
  if (spec.agent.optOutKey === null) {
    found.push({ path: ['agent', 'optOutKey'], message: 'a campaign needs one: leave it out (9), or name another key' });
  }
  found.push(...transferChecks(spec.transfer, ['transfer']));
  const { defaultTimezone } = spec.compliance;
  if (defaultTimezone !== undefined && !timezoneName(defaultTimezone)) {
    found.push({
      path: ['compliance', 'defaultTimezone'],
      message: `"${defaultTimezone}" is not a time zone: write a name as in Europe/Berlin`,
    });
  }
  return found;
}

/** The names of an agent's tools. */
export function toolChecks(agent: AgentSpec): { path: PropertyKey[]; message: string }[] {
  const found: { path: PropertyKey[]; message: string }[] = [];
  const names = new Set<string>(BUILT_IN_TOOLS);
  const schemas = new ArgumentSchemas();
  for (const [index, tool] of agent.tools.entries()) {
    if (names.has(tool.name)) {
      const builtIn = (BUILT_IN_TOOLS as readonly string[]).includes(tool.name);
      found.push({
        path: ['agent', 'tools', index, 'name'],
        message: builtIn ? `"${tool.name}" is a tool that every agent has: choose another name` : `two tools are called "${tool.name}"`,
      });
    }
    const defect = schemas.defect(tool.parameters);
    if (defect !== undefined) found.push({ path: ['agent', 'tools', index, 'parameters'], message: `not a JSON Schema: ${defect}` });
    const server = agent.mcp.find(({ name }) => tool.name.startsWith(`${name}${MCP_SEPARATOR}`));
    if (server) {
      found.push({
        path: ['agent', 'tools', index, 'name'],
        message: `"${tool.name}" is how a tool of the MCP server ${server.name} is called`,
      });
    }
    names.add(tool.name);
  }
  return found;
}
