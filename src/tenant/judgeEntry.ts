import { parseEntry } from "./entry.ts";
import { entryPath, type LoadedEntry, type Workspace } from "./load.ts";
import { RESERVED_ENVIRONMENTS } from "./names.ts";
import type { Problem } from "./problems.ts";
import { checkTenantRules } from "./rules.ts";
import { reviewEnvironment } from "./select.ts";
import { parseYamlDocument } from "./yamlDocument.ts";

/** What would be wrong, were this text the entry of that slug among a workspace's others: by itself, and beside them. Pure. */
export function judgeEntry(
  workspace: Workspace,
  environment: string,
  slug: string,
  text: string,
): readonly Problem[] {
  const file = entryPath(slug);
  const environments = workspace.environments.map(({ name }) => name);
  const source = parseYamlDocument(text, file);
  const reserved = [...new Set([...environments, ...RESERVED_ENVIRONMENTS])];
  const parsed = parseEntry(source, { slug, environments, reserved });
  const config = workspace.environments.find(({ name }) => name === environment)?.config;
  if (parsed.entry === undefined || config === undefined) return parsed.problems;
  const loaded: LoadedEntry = { slug, file, source, ...parsed };
  const entries = [...workspace.entries.filter((entry) => entry.slug !== slug), loaded];
  const { candidates, problems } = reviewEnvironment({ ...workspace, entries }, config);
  const all = [...problems, ...checkTenantRules(candidates, config)];
  const own = all.filter(({ place }) => place.file === file);
  return [...new Map(own.map((problem) => [JSON.stringify(problem), problem])).values()];
}
