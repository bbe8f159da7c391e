// Prints the closing line of Vitest's JSON reports together; fails when a report is missing or no test ran.
import { readFileSync } from "node:fs";

const reports = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, "utf8")));
const sum = (countOf) => reports.reduce((total, report) => total + countOf(report), 0);
const isBroken = (file) => file.status === "failed" && file.assertionResults.length === 0;
const passed = sum((report) => report.numPassedTests);
const failed = sum((report) => report.numFailedTests + report.testResults.filter(isBroken).length);
const skipped = sum((report) => report.numPendingTests + report.numTodoTests);
for (const file of reports.flatMap(({ testResults }) => testResults)) {
  for (const test of file.assertionResults) {
    if (test.status === "pending" || test.status === "skipped") console.log(`skipped: ${test.fullName}`);
  }
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
