import { parseEntry, type TenantEntry } from "./entry.ts";
import type { EnvironmentConfig } from "./environmentConfig.ts";
import { isEnvironmentName, RESERVED_ENVIRONMENTS } from "./names.ts";
import { type Plan, parsePlan } from "./plan.ts";
import type { Problem } from "./problems.ts";
import { plainSource, type Source } from "./source.ts";
import { parseStackFile, sourceOfPart } from "./stackFile.ts";
import { listNames, type ReadFile, readFolder, readProjectFile } from "./workspaceFiles.ts";
import { parseYamlDocument, type YamlDocument } from "./yamlDocument.ts";

const TENANTS = "tenants";
const PLANS = "plans";
const STACKS = "stacks";
const STACK_FILE = /^Pulumi\.(.*)\.yaml$/;

/** One `tenants/<slug>.yaml` as read. */
export interface LoadedEntry {
  readonly slug: string;
  /** Path relative to the root. */
  readonly file: string;
  /** Undefined when it has problems. */
  readonly entry: TenantEntry | undefined;
  readonly problems: readonly Problem[];
  readonly source: Source;
}

/** One `plans/<name>.yaml` as read. */
export interface LoadedPlan {
  readonly name: string;
  readonly file: string;
  /** Undefined when it has problems. */
  readonly plan: Plan | undefined;
  readonly problems: readonly Problem[];
  readonly source: Source;
}

/** One `stacks/Pulumi.<env>.yaml` as read. */
export interface LoadedEnvironment {
  readonly name: string;
  readonly file: string;
  /** Undefined when it has problems. */
  readonly config: EnvironmentConfig | undefined;
  /** URL of the key that the state is encrypted with. */
  readonly secretsProvider?: string;
  readonly problems: readonly Problem[];
  /** Places of the values of namespace `tenantry`, by their paths without it. */
  readonly source: Source;
}

/** Everything a user has written, read once. Problems stand beside what they are about; nothing throws for them. */
export interface Workspace {
  readonly root: string;
  /** Sorted by slug. */
  readonly entries: readonly LoadedEntry[];
  /** Sorted by name. */
  readonly plans: readonly LoadedPlan[];
  /** Sorted by name. */
  readonly environments: readonly LoadedEnvironment[];
  /** Folders, wrong extensions and other strays in `tenants/` and `plans/`. */
  readonly problems: readonly Problem[];
  /** Stack files that belong to no environment: a CLI without its config file writes them. */
  readonly strayStackFiles: readonly Problem[];
}

/** Reads `tenants/`, `plans/` and `stacks/` below a project's root. */
export function loadWorkspace(root: string): Workspace {
  const tenants = readFolder(root, TENANTS);
  const plans = readFolder(root, PLANS);
  const names = environmentNames(root);
  return {
    root,
    entries: tenants.files.map((file) => toEntry(file, names)),
    plans: plans.files.map(toPlan),
    environments: names.map((name) => loadEnvironment(root, name)),
    problems: [...tenants.problems, ...plans.problems],
    strayStackFiles: strayStackFiles(root),
  };
}

/** Reads one environment's file and nothing else. */
export function loadEnvironment(root: string, name: string): LoadedEnvironment {
  const read = readProjectFile(root, stackFilePath(name));
  if ("problem" in read) {
    const problems = [{ ...read.problem, code: "E_NO_CONFIG" as const }];
    return { name, file: read.path, config: undefined, problems, source: plainSource(read.path) };
  }
  const document = toDocument(read);
  return { name, file: read.path, ...parseStackFile(document, name), source: sourceOfPart(document) };
}

/** Reads one entry and nothing else but the environments' names; undefined when there is no such file. */
export function loadEntry(root: string, slug: string): LoadedEntry | undefined {
  if (!listNames(root, TENANTS).includes(`${slug}.yaml`)) return undefined;
  return toEntry(readProjectFile(root, entryPath(slug)), environmentNames(root));
}

/** Reads the plans and nothing else. */
export function loadPlans(root: string): LoadedPlan[] {
  return readFolder(root, PLANS).files.map(toPlan);
}

/** Names of the environments, sorted: one `stacks/Pulumi.<env>.yaml` each. */
export function environmentNames(root: string): string[] {
  return listNames(root, STACKS)
    .map((file) => STACK_FILE.exec(file)?.[1])
    .filter((name) => name !== undefined)
    .filter(isEnvironmentName);
}

/** Path of an entry relative to the root. */
export function entryPath(slug: string): string {
  return `${TENANTS}/${slug}.yaml`;
}

/** Path of an environment's file relative to the root. */
export function stackFilePath(environment: string): string {
  return `${STACKS}/Pulumi.${environment}.yaml`;
}

function toEntry(read: ReadFile, environments: readonly string[]): LoadedEntry {
  const { name: slug, path: file } = read;
  if ("problem" in read) {
    return { slug, file, entry: undefined, problems: [read.problem], source: plainSource(file) };
  }
  const document = toDocument(read);
  const reserved = [...new Set([...environments, ...RESERVED_ENVIRONMENTS])];
  return { slug, file, ...parseEntry(document, { slug, environments, reserved }), source: document };
}

function toPlan(read: ReadFile): LoadedPlan {
  const { name, path: file } = read;
  if ("problem" in read)
    return { name, file, plan: undefined, problems: [read.problem], source: plainSource(file) };
  const document = toDocument(read);
  return { name, file, ...parsePlan(document, name), source: document };
}

/** Documents kept, the least lately asked for going first: a run of many tenants reads the same plans for each. */
const MAX_KEPT = 32;
const kept = new Map<string, { readonly text: string; readonly document: YamlDocument }>();

function toDocument({ text, path }: { readonly text: string; readonly path: string }): YamlDocument {
  const known = kept.get(path);
  kept.delete(path);
  const found = known?.text === text ? known : { text, document: parseYamlDocument(text, path) };
  kept.set(path, found);
  const [oldest] = kept.keys();
  if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
  return found.document;
}

/** `Pulumi.local.acme.yaml` and the like, in `stacks/` and beside `Pulumi.yaml`. */
function strayStackFiles(root: string): Problem[] {
  const isStray = (file: string) =>
    STACK_FILE.test(file) && !isEnvironmentName(STACK_FILE.exec(file)?.[1] ?? "");
  const inStacks = listNames(root, STACKS)
    .filter(isStray)
    .map((file) => `${STACKS}/${file}`);
  const besideProject = listNames(root, ".").filter((file) => STACK_FILE.test(file));
  return [...inStacks, ...besideProject].map((file) => ({
    code: "E_NO_CONFIG",
    path: [],
    place: { file },
    text: "not an environment's config: Pulumi writes such a file when it runs without `--config-file`; delete it.",
  }));
}
