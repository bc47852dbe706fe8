import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WORKFLOW_TYPES } from './replay';

test('every workflow type is replayed before a deploy, also one that was added last', () => {
  const source = readFileSync(join(__dirname, '..', '..', 'workflows', 'index.ts'), 'utf8');
  const exported = /^export \{([^}]*)\};$/m
    .exec(source)?.[1]
    ?.split(',')
    .flatMap((name) => name.trim() || []);
  expect([...WORKFLOW_TYPES].sort()).toEqual(exported?.sort());
});
