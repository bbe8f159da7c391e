import type { ExplainedFact, Explanation } from "../tenant/explain.ts";
import { explainTenant } from "../tenant/explain.ts";
import { configOf, loadWorkspace, selectTenants } from "../tenant/index.ts";
import type { Place } from "../tenant/problems.ts";
import { nearestName } from "../tenant/suggestion.ts";
import { UsageError } from "./usage.ts";
import type { CliContext, CommonOptions, Verb } from "./verb.ts";

const SETTINGS = "settings.";

/** `tenantry explain`: where every name, number and setting of a tenant comes from. */
export const explain: Verb = {
  configure: (command) =>
    command
      .argument("<slug>", "tenant to explain")
      .argument("[setting]", "one setting alone: `settings.<key>`")
      .addHelpText("after", HELP),
  run: async ([slug = "", setting], options, context) => {
    const all = explanationOf(slug, options, context);
    const chosen = setting === undefined ? all : onlySetting(all, setting);
    context.io.out(options.json ? `${JSON.stringify(chosen, null, 2)}\n` : wordsOf(chosen));
    return 0;
  },
};

function explanationOf(slug: string, { env }: CommonOptions, { root }: CliContext): Explanation {
  const workspace = loadWorkspace(root);
  const config = configOf(workspace, env);
  const { tenants } = selectTenants(workspace, env, { kind: "named", slugs: [slug] });
  const loaded = workspace.entries.find((entry) => entry.slug === slug);
  const [tenant] = tenants;
  const plan = workspace.plans.find(({ name }) => name === tenant?.plan);
  const environment = workspace.environments.find(({ name }) => name === env);
  if (
    tenant === undefined ||
    loaded?.entry === undefined ||
    plan?.plan === undefined ||
    environment === undefined
  )
    throw new UsageError(`\`explain\`: name a tenant of '${env}'.`);
  return explainTenant({
    ...{ tenant, entry: loaded.entry, entrySource: loaded.source, plan: plan.plan, planSource: plan.source },
    ...{ config, configSource: environment.source },
  });
}

function onlySetting(all: Explanation, setting: string): Explanation {
  const key = setting.startsWith(SETTINGS) ? setting.slice(SETTINGS.length) : setting;
  const settings = all.settings.filter((each) => each.key === key);
  if (settings.length > 0) return { ...all, facts: [], settings };
  const keys = all.settings.map((each) => each.key);
  const near = nearestName(key, keys);
  const hint = near === undefined ? `there are ${keys.join(", ")}` : `did you mean '${SETTINGS}${near}'?`;
  throw new UsageError(`\`explain\`: no setting '${key}' of '${all.slug}'; ${hint}`);
}

function wordsOf({ facts, settings }: Explanation): string {
  const width = Math.max(0, ...facts.map(({ name }) => name.length));
  const lines = facts.map((fact) => `${fact.name.padEnd(width)}  ${fact.value}  (${fromWords(fact)})`);
  const explained = settings.flatMap(({ key, value, layers }) => [
    `${SETTINGS}${key} = ${JSON.stringify(value)}`,
    ...layers.map(
      (layer, index) =>
        `  ${layer.source.padEnd("environment".length)}  ${JSON.stringify(layer.value)}  ${placeWords(layer.place)}${
          index === layers.length - 1 ? "  decides" : ""
        }`,
    ),
  ]);
  return `${[...lines, ...(lines.length > 0 ? [""] : []), ...explained].join("\n")}\n`;
}

function fromWords({ from }: ExplainedFact): string {
  return typeof from === "string" ? from : placeWords(from);
}

function placeWords({ file, line }: Place): string {
  return line === undefined ? file : `${file}:${line}`;
}

const HELP = `
Settings are laid key by key: environment < plan < tenant; the last layer decides. Connects to nothing.

Examples:
  tenantry explain acme
  tenantry explain acme settings.model
  tenantry explain acme --env prod --json
`;
