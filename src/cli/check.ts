import { inspectListeners } from "../listeners/index.ts";
import {
  type CheckReport,
  checkWorkspace,
  exitCodeOf,
  loadWorkspace,
  type Problem,
} from "../tenant/index.ts";
import { formatPath, formatProblem, ProblemsError, sortProblems } from "../tenant/problems.ts";
import type { CliContext, CommonOptions, Verb } from "./verb.ts";

/** `tenantry check`: what is wrong in the files of an environment, found without a connection. */
export const check: Verb = {
  configure: (command) =>
    command
      .argument("[slug...]", "entries to check, with what they stand on; all of them by default")
      .addHelpText("after", HELP),
  run: async (slugs, options, context) => runCheck(slugs, options, context),
};

/** The body of `check`: prints every problem and answers 0, or the problems' exit code. */
export async function runCheck(
  slugs: readonly string[],
  options: CommonOptions,
  context: CliContext,
): Promise<number> {
  const workspace = loadWorkspace(context.root);
  const found = checkWorkspace(workspace, options.env, slugs);
  const listeners = await inspectListeners(context.root);
  const report = { ...found, problems: sortProblems([...found.problems, ...listeners.problems]) };
  if (options.json) context.io.out(`${JSON.stringify(toJson(report, options.env), null, 2)}\n`);
  else printReport(report, options, context);
  return report.problems.length === 0 ? 0 : exitCodeOf(new ProblemsError(report.problems).code);
}

function printReport(
  { problems, warnings, tenants }: CheckReport,
  { env }: CommonOptions,
  { io }: CliContext,
): void {
  for (const problem of problems) io.out(`${formatProblem(problem)} [${problem.code}]\n`);
  for (const warning of warnings) io.err(`warning: ${formatProblem(warning)}\n`);
  if (problems.length > 0) io.out(`\n${count(problems.length, "problem")} in environment '${env}'.\n`);
  else io.out(`Environment '${env}' holds: ${count(tenants.length, "tenant")}, no problems.\n`);
}

function toJson({ problems, warnings, tenants }: CheckReport, environment: string): object {
  return {
    environment,
    tenants: tenants.map(({ slug }) => slug),
    problems: problems.map(problemJson),
    warnings: warnings.map(problemJson),
  };
}

function problemJson({ code, place, path, text }: Problem): object {
  return { code, ...place, ...(path.length === 0 ? {} : { field: formatPath(path) }), message: text };
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? "" : "s"}`;
}

const HELP = `
Checks entries, plans, the environment's config, the rules between tenants, the migrations and the listeners of hooks/;
writes nothing and connects to nothing. What only Azure can make (\`--env prod\`) is named with the command that makes it.

Examples:
  tenantry check                 all of \`local\`
  tenantry check acme            one entry and what it stands on
  tenantry check --env prod      what is still missing for Azure
`;
