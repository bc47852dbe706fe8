import { basename } from 'node:path';
import { type LineSpec, lineFileSchema } from '../../contracts/line';
import { transferChecks } from '../../policy/transfer-targets';
import { environmentOf } from '../../runtime/config';
import { type Environment, parseSpecFile, readSpecFile, toolChecks } from '../campaigns/load-campaign-file';

const LINE = { kind: 'line', code: 'PATTER_LINE_FILE_INVALID' } as const;

/**
 * Reads and validates the file of an inbound line. `${NAME}` in a value is taken from the environment, else from `.env`.
 * @throws PatterError PATTER_LINE_FILE_INVALID with every problem, each with its field and line (`details.problems`)
 */
export async function loadLineFile(path: string, env: Environment = environmentOf()): Promise<LineSpec> {
  return parseLine(await readSpecFile(path, LINE), basename(path), env);
}

/** As `loadLineFile`, of a text. `name` is how errors call the file. */
export function parseLine(text: string, name = 'line.yaml', env: Environment = {}): LineSpec {
  return parseSpecFile(text, {
    name,
    env,
    schema: lineFileSchema,
    crossChecks: ({ agent, transfer }) => [...toolChecks(agent), ...transferChecks(transfer, ['transfer'])],
    what: LINE,
  });
}
