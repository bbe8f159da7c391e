import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseEntry } from "../tenant/entry.ts";
import { DEFAULT_PLAN } from "../tenant/entrySchema.ts";
import {
  assertSlug,
  entryPath,
  type LoadedEntry,
  loadWorkspace,
  renderNewEntry,
  reviewEnvironment,
  UserError,
  type Workspace,
} from "../tenant/index.ts";
import { RESERVED_ENVIRONMENTS } from "../tenant/names.ts";
import { orList, type Problem, refuseProblems } from "../tenant/problems.ts";
import { checkTenantRules } from "../tenant/rules.ts";
import { parseYamlDocument } from "../tenant/yamlDocument.ts";
import type { CliContext, CommonOptions, Verb } from "./verb.ts";

/** What `new` is told beside the slug. */
export interface NewOptions extends CommonOptions {
  readonly displayName: string;
  readonly legalName?: string;
  readonly adminEmail: string;
  readonly plan: string;
  /** Provision it at once. */
  readonly up?: boolean;
}

/** Fields of an entry by the option that gives them. */
const OPTION_OF: Readonly<Record<string, string>> = {
  displayName: "--display-name",
  legalName: "--legal-name",
  adminEmail: "--admin-email",
  environments: "--env",
  plan: "--plan",
};

/** `tenantry new`: writes an entry, and with `--up` provisions it: the way in when no pull request can be had. */
export const newVerb: Verb = {
  configure: (command) =>
    command
      .argument("<slug>", "names the file, the host and the database; never changes")
      .requiredOption("--display-name <name>", "the name people see")
      .requiredOption("--admin-email <address>", "receives the invitation")
      .option("--legal-name <name>", "the name on contracts")
      .option("--plan <plan>", "one of plans/*.yaml", DEFAULT_PLAN)
      .option("--up", "provision it at once, audited as the operating system's user")
      .addHelpText("after", HELP),
  run: async ([slug = ""], raw, context) => {
    const options = raw as CommonOptions & Record<string, unknown> & NewOptions;
    const exitCode = runNew(slug, options, context);
    if (options.up !== true) return exitCode;
    const { up } = await import("./up.ts");
    return up.run(
      [slug],
      { env: options.env, json: options.json, wait: options.wait, ...engineOf(options) },
      context,
    );
  },
};

/** Writes `tenants/<slug>.yaml`. Throws for what isn't a slug, a wrong value, an unknown plan and a file that is there. */
export function runNew(slug: string, options: NewOptions, context: CliContext): number {
  const workspace = loadWorkspace(context.root);
  const environments = workspace.environments.map(({ name }) => name);
  const reserved = [...environments, ...RESERVED_ENVIRONMENTS];
  assertSlug(slug, reserved);
  const file = entryPath(slug);
  const text = renderNewEntry({ ...options, environments: [options.env] });
  const source = parseYamlDocument(text, file);
  const parsed = parseEntry(source, { slug, environments, reserved });
  refuseProblems([
    ...[...parsed.problems, ...ruleProblems({ slug, file, source, ...parsed }, workspace, options.env)].map(
      aboutOption,
    ),
    ...planProblems(workspace, options.plan),
  ]);
  writeNewFile(context.root, file, text);
  if (options.json) context.io.out(`${JSON.stringify({ slug, file })}\n`);
  else context.io.out(`${file} written.${options.up === true ? "" : nextStep(slug, options.env)}\n`);
  return 0;
}

/** A value came from the command line, so its problem points there and not into a file nobody has written. */
function aboutOption(problem: Problem): Problem {
  const option = OPTION_OF[String(problem.path[0])];
  return option === undefined ? problem : { ...problem, place: { file: option }, path: [] };
}

/** The rules between tenants, were this entry one of them; an environment that isn't finished has none yet. */
function ruleProblems(entry: LoadedEntry, workspace: Workspace, environment: string): Problem[] {
  const config = workspace.environments.find(({ name }) => name === environment)?.config;
  if (config === undefined) return [];
  const entries = [...workspace.entries.filter(({ slug }) => slug !== entry.slug), entry];
  const { candidates } = reviewEnvironment({ ...workspace, entries }, config);
  return checkTenantRules(candidates, config).filter(({ place }) => place.file === entry.file);
}

function planProblems({ plans }: Workspace, plan: string): Problem[] {
  const names = plans.map(({ name }) => name);
  if (names.includes(plan)) return [];
  const text = `expected ${orList(names)} (plans/*.yaml); got '${plan}'.`;
  return [{ code: "E_INVALID_ENTRY", path: [], place: { file: "--plan" }, text }];
}

/** Fails when the file is there, also when another process writes it at the same moment. */
function writeNewFile(root: string, file: string, text: string): void {
  const path = join(root, file);
  mkdirSync(dirname(path), { recursive: true });
  try {
    writeFileSync(path, text, { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new UserError("E_INVALID_ENTRY", `${file}: expected no such file yet; got one.`, {
      hint: "Edit that entry, or choose another slug.",
      cause: error,
    });
  }
}

function nextStep(slug: string, environment: string): string {
  const env = environment === "local" ? "" : ` --env ${environment}`;
  return ` Next: \`tenantry preview ${slug}${env}\`, then \`tenantry up ${slug}${env}\`.`;
}

function engineOf({ engine }: CommonOptions): Pick<CommonOptions, "engine"> {
  return engine === undefined ? {} : { engine };
}

const HELP = `
The entry is a file like any other: review it, commit it. \`--env\` says where the tenant exists.

Example:
  tenantry new acme --display-name "Acme Health" --admin-email admin@acme.example
`;
