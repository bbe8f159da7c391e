// Prints the closing line of a run from Vitest's JSON report; fails when no test ran.
import { readFileSync } from "node:fs";

const report = JSON.parse(readFileSync(process.argv[2], "utf8"));
const passed = report.numPassedTests;
const failed =
  report.numFailedTests +
  report.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0).length;
const skipped = report.numPendingTests + report.numTodoTests;
for (const file of report.testResults) {
  for (const test of file.assertionResults) {
    if (test.status === "pending" || test.status === "skipped") console.log(`skipped: ${test.fullName}`);
  }
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
