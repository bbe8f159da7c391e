import type { Bag, PluginClient, State } from "../localcloud/plugins/pluginClient.ts";

/** What a scenario is run with: one plugin, configured, and the server that it works on. */
export interface Side {
  readonly client: PluginClient;
  /** One statement as a superuser, in `database` (default: the maintenance database). */
  readonly sql: (text: string, database?: string) => Promise<Bag[]>;
}

/** One difference that is left, and why. `undefined` means that the side has no such leaf. */
export interface KnownDifference {
  readonly ours: unknown;
  readonly official: unknown;
}

/** The same calls to both plugins; everything they answered is compared, leaf by leaf. */
export interface Scenario {
  readonly title: string;
  run(side: Side): Promise<Bag>;
  /** Random leaves by path: one that matches counts as its pattern. */
  readonly masks?: Readonly<Record<string, RegExp>>;
  /** Paths that aren't compared, for the reason that stands beside it. */
  readonly ignored?: RegExp;
  /** By path. A difference that isn't here fails, and so does one that is here and isn't found any more. */
  readonly known?: Readonly<Record<string, KnownDifference>>;
}

/** Members that only Terraform's bridge writes, and that nobody but the bridge reads. */
const BRIDGE_ONLY = new Set(["__defaults", "__meta", "__pulumi_raw_state_delta"]);
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const SIGNATURE = "4dabf18193072939515e22adb298388d";

/** Every leaf that differs between two transcripts, by path. */
export function differencesOf(
  ours: Bag,
  official: Bag,
  { masks = {}, ignored }: Pick<Scenario, "masks" | "ignored"> = {},
): Record<string, KnownDifference> {
  const [a, b] = [leavesOf(ours, masks), leavesOf(official, masks)];
  const paths = [...new Set([...a.keys(), ...b.keys()])].filter((path) => !ignored?.test(path)).sort();
  const different = paths.filter((path) => JSON.stringify(a.get(path)) !== JSON.stringify(b.get(path)));
  return Object.fromEntries(different.map((path) => [path, { ours: a.get(path), official: b.get(path) }]));
}

/** Scalars and empty maps by path; `secret:` stands before those of a secret. */
function leavesOf(transcript: Bag, masks: NonNullable<Scenario["masks"]>): Map<string, unknown> {
  const leaves = new Map<string, unknown>();
  const visit = (value: unknown, path: string, isSecret: boolean): void => {
    if (typeof value !== "object" || value === null) {
      const mask = masks[path];
      const shown = mask?.test(String(value)) ? String(mask) : value;
      leaves.set(path, isSecret ? `secret: ${String(shown)}` : shown);
      return;
    }
    const bag = value as Bag;
    if (bag[SIGNATURE] === SECRET) {
      visit(bag.value, path, true);
      return;
    }
    const members = Object.entries(bag).filter(([name]) => !BRIDGE_ONLY.has(name));
    // To Terraform's bridge an empty list and none are one.
    if (members.length === 0 && !Array.isArray(value)) leaves.set(path, "{}");
    for (const [name, member] of members) visit(member, path === "" ? name : `${path}.${name}`, isSecret);
  };
  visit(transcript, "", false);
  return leaves;
}

/** What a call answers, or the words it fails with. */
export async function attempt<Result>(call: () => Promise<Result>): Promise<Result | { refused: string }> {
  try {
    return await call();
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  }
}

/** Check, then create; throws when an input is refused. The checked inputs are the state's. */
export function make(client: PluginClient, type: string, news: Bag): Promise<State> {
  return client.make(type, news);
}

/** Check, preview, create, a diff against itself, read, delete. */
export async function live({ client }: Side, type: string, news: Bag): Promise<Bag> {
  const { inputs, failures } = await client.check(type, news);
  const preview = await client.create(type, inputs, true);
  const made = await client.create(type, inputs);
  const unchanged = await client.plan(type, made, inputs);
  const read = await client.read(type, made.id, made);
  await client.delete(type, made);
  return { failures, inputs, preview: withoutInputs(preview), made: withoutInputs(made), unchanged, read };
}

/** How each change of the inputs of a made resource is planned; an `undefined` member is taken away. */
export async function planned(
  { client }: Side,
  type: string,
  base: Bag,
  changes: Readonly<Record<string, Bag>>,
): Promise<Bag> {
  const state = await make(client, type, base);
  const plans: Bag = {};
  for (const [title, change] of Object.entries(changes)) {
    const news = Object.fromEntries(
      Object.entries({ ...base, ...change }).filter(([, value]) => value !== undefined),
    );
    const { inputs } = await client.check(type, news, state.inputs);
    plans[title] = await client.plan(type, state, inputs);
  }
  await client.delete(type, state);
  return plans;
}

/** Where each of these inputs is refused (check, preview or create) and with what words. */
export async function refusals(
  { client }: Side,
  type: string,
  inputs: Readonly<Record<string, Bag>>,
): Promise<Bag> {
  const answers: Bag = {};
  for (const [title, news] of Object.entries(inputs)) answers[title] = await refusalOf(client, type, news);
  return answers;
}

async function refusalOf(client: PluginClient, type: string, news: Bag): Promise<Bag> {
  const checked = await attempt(() => client.check(type, news));
  if ("refused" in checked) return { at: "check", reason: checked.refused };
  const { inputs, failures } = checked;
  if (failures.length > 0) {
    const reasons = failures.map(({ property, reason }) => `${property}: ${reason}`);
    return { at: "check", reason: reasons.join("; ") };
  }
  for (const isPreview of [true, false]) {
    const answer = await attempt(() => client.create(type, inputs, isPreview));
    if ("refused" in answer) return { at: isPreview ? "preview" : "create", reason: answer.refused };
  }
  return { at: "nowhere" };
}

export function withoutInputs({ id, outputs }: State): Bag {
  return { id, outputs };
}
