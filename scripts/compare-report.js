#!/usr/bin/env node
// Compares a campaign report with the lab's ledger, contact by contact: node scripts/compare-report.js report.json ledger.json
const { readFileSync } = require('node:fs');
const { compareReportWithLedger } = require('../dist/lab/compare-report');

const [reportFile, ledgerFile] = process.argv.slice(2);
if (!reportFile || !ledgerFile) {
  console.error('usage: node scripts/compare-report.js <report.json> <ledger.json>');
  process.exit(2);
}
const problems = compareReportWithLedger(JSON.parse(readFileSync(reportFile, 'utf8')), JSON.parse(readFileSync(ledgerFile, 'utf8')));
for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? 'The report agrees with the ledger.' : `${problems.length} disagreements.`);
process.exit(problems.length === 0 ? 0 : 1);
