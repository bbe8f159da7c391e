// Prints the closing line of Vitest's JSON reports together; fails when a report is missing or no test ran.
// What was skipped comes first and counted by group, what failed last and in full: a record of CI may keep only its end.
import { readFileSync } from "node:fs";

const LONGEST_MESSAGE = 2000;

const reports = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, "utf8")));
const files = reports.flatMap(({ testResults }) => testResults);
const sum = (countOf) => reports.reduce((total, report) => total + countOf(report), 0);
const isBroken = (file) => file.status === "failed" && file.assertionResults.length === 0;
const isSkipped = ({ status }) => status === "pending" || status === "skipped" || status === "todo";
const short = (message) => message.slice(0, LONGEST_MESSAGE);
const nameOf = (file) => file.name.slice(Math.max(0, file.name.lastIndexOf("/test/") + 1));

const skippedOf = new Map();
for (const test of files.flatMap(({ assertionResults }) => assertionResults).filter(isSkipped)) {
  const group = test.ancestorTitles.find((title) => title.includes("skipped:")) ?? test.fullName;
  skippedOf.set(group, (skippedOf.get(group) ?? 0) + 1);
}
for (const [group, count] of skippedOf) console.log(`skipped ${count}: ${group}`);
for (const file of files) {
  if (isBroken(file)) console.log(`failed: ${nameOf(file)}\n${short(file.message)}`);
  for (const test of file.assertionResults.filter(({ status }) => status === "failed")) {
    console.log(`failed: ${nameOf(file)}: ${test.fullName}\n${short(test.failureMessages.join("\n"))}`);
  }
}
const passed = sum((report) => report.numPassedTests);
const failed = sum((report) => report.numFailedTests) + files.filter(isBroken).length;
const skipped = sum((report) => report.numPendingTests + report.numTodoTests);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
