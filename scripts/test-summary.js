// Names what failed, prints `N passed, N failed` and exits non-zero when anything failed.
// Usage: test-summary.js <jest's JSON> <jest's exit status> [<JSON of the files that ran again, alone>]
const { readFileSync } = require('node:fs');
const { relative } = require('node:path');

const [file, status, againFile] = process.argv.slice(2);

/** The suites of a run, by file; none when there was no run. */
function suitesOf(json) {
  try {
    return new Map(JSON.parse(readFileSync(json, 'utf8')).testResults.map((suite) => [suite.name, suite]));
  } catch {
    return new Map();
  }
}

/** A suite that could not run has no failed test, and is a failure all the same. */
function failuresOf(suite) {
  const failed = suite.assertionResults.filter((test) => test.status === 'failed').map((test) => test.fullName);
  if (failed.length === 0 && suite.status === 'failed') failed.push('(could not run)');
  return failed.map((name) => `  ${relative(process.cwd(), suite.name)}: ${name}`);
}

const first = suitesOf(file);
const again = againFile === undefined ? new Map() : suitesOf(againFile);
const last = new Map([...first, ...again]);

const flaky = [...again].flatMap(([name, suite]) => (suite.status === 'failed' ? [] : failuresOf(first.get(name))));
const failed = [...last.values()].flatMap(failuresOf);
if (flaky.length > 0) console.log(['Failed beside other tests, passed alone:', ...flaky].join('\n'));
if (failed.length > 0) console.log(['Failed:', ...failed].join('\n'));

const passed = [...last.values()].flatMap((suite) => suite.assertionResults).filter((test) => test.status === 'passed').length;
// Jest may fail with no test failed, and a run without results is no run.
const unexplained = failed.length === 0 && (first.size === 0 || (Number(status) !== 0 && flaky.length === 0));
const failures = failed.length + (unexplained ? 1 : 0);
console.log(`${passed} passed, ${failures} failed`);
process.exit(failures === 0 ? 0 : 1);
