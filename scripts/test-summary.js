// Prints `N passed, N failed` from jest's JSON and exits non-zero when anything failed. Usage: test-summary.js <file> <jest's exit status>
const { readFileSync } = require('node:fs');

const [file, status] = process.argv.slice(2);
let passed = 0;
let failed = 0;
try {
  const results = JSON.parse(readFileSync(file, 'utf8'));
  passed = results.numPassedTests;
  // A suite that could not run has no failed test, and is a failure all the same.
  failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
} catch {
  failed = 1;
}
if (Number(status) !== 0 && failed === 0) failed = 1;
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
