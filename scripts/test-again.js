// Runs the test files again, alone, that failed beside others. Usage: test-again.js <jest's JSON> <file for the JSON of the second run>
//
// Tests in test/ talk in real time through real processes; a machine that stalls for two seconds fails one of thousands for nothing. A file that fails
// alone too has failed, and so has everything when more than a few failed. Unit tests depend on no clock, and a kill that breaks a promise one time in
// three has broken it: those get no second chance.
const { readFileSync } = require('node:fs');
const { relative } = require('node:path');
const { spawnSync } = require('node:child_process');

const MOST_FILES = 4;
const SECOND_CHANCE = /^test\/(?!chaos\/)/;
const [first, second] = process.argv.slice(2);

let testResults = [];
try {
  testResults = JSON.parse(readFileSync(first, 'utf8')).testResults;
} catch {
  // No results: the summary says so.
}
const failed = testResults.filter(({ status }) => status === 'failed').map(({ name }) => relative(process.cwd(), name));
if (failed.length === 0 || failed.length > MOST_FILES || !failed.every((file) => SECOND_CHANCE.test(file))) process.exit(0);

console.log(`\nAgain, alone: ${failed.join(' ')}`);
const jest = ['--no-install', 'jest', '--maxWorkers=1', '--json', `--outputFile=${second}`, '--runTestsByPath', ...failed];
spawnSync('npx', jest, { stdio: 'inherit' });
