import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readById } from "../provider/index.ts";
import type { ProviderConfig } from "../tenant/resources.ts";
import { withTemporaryFolder } from "./backend.ts";
import type { Properties } from "./deployEvents.ts";
import { type Deployment, isSecret, type StateResource, unseal } from "./deployment.ts";
import { importThroughEngine } from "./engineImport.ts";
import { idOfPendingCreate, isMarkedOurs } from "./pendingIds.ts";
import { attachedPorts, readThroughPlugin } from "./pluginReader.ts";
import type { StackWorkspace } from "./stackWorkspace.ts";

/**
 * Finishes or forgets what a killed run had begun. A cut-off create that did happen, with our marker, becomes a
 * resource of the stack, so that the next run updates or deletes it; one that didn't is forgotten, and so is a cut-off
 * delete, which the next run simply does again. A cut-off update of ours may have happened or not: the next run updates
 * again, whatever it wants by then. Pulumi itself does none of this.
 */
export async function resolvePendingOperations(
  stack: string,
  stacks: Pick<StackWorkspace, "run">,
  variables: Readonly<Record<string, string>>,
  onNote: (text: string) => void,
): Promise<void> {
  const sealed = await exportStack(stacks, stack, []);
  // In clear, but only in memory: provider configs and inputs are needed to ask; the sealed text is written back.
  const open = await exportStack(stacks, stack, ["--show-secrets"]);
  const resources = [...(sealed.deployment.resources ?? [])];
  // A bare `pulumi` carries an operation on even when a later run of it has done the same again.
  const known = new Set(resources.filter((each) => each.delete !== true).map(({ urn }) => urn));
  const askedLater: (() => Promise<void>)[] = [];
  const tell = (what: string, { urn }: StateResource, type: string) =>
    onNote(`${what} an interrupted operation (${type}) on ${urn.split("::").at(-1)}`);
  for (const [index, { resource, type }] of (sealed.deployment.pending_operations ?? []).entries()) {
    const clear = open.deployment.pending_operations?.[index]?.resource ?? resource;
    if (type === "updating") markInterrupted(resources, resource);
    const isOpen = type === "creating" && !known.has(resource.urn);
    const outcome = isOpen ? await findCreated(clear, open, variables) : GONE;
    if (outcome.kind !== "gone") known.add(resource.urn);
    if (outcome.kind === "found") resources.push(imported(resource, outcome));
    if (outcome.kind !== "unasked") tell(outcome.kind === "found" ? "took over" : "cleared", resource, type);
    else {
      const { id } = outcome;
      askedLater.push(async () => {
        const isThere = await importThroughEngine(stack, resource, id, stacks);
        tell(isThere ? "took over" : "cleared", resource, type);
      });
    }
  }
  const { pending_operations: _, ...rest } = sealed.deployment;
  await importStack(stacks, stack, { ...sealed, deployment: { ...rest, resources } });
  for (const ask of askedLater) await ask();
}

/** An input that no program gives: a difference to whatever it wants. */
const INTERRUPTED_UPDATE = "interruptedUpdate";

function markInterrupted(resources: StateResource[], { urn, type }: StateResource): void {
  const index = resources.findIndex((each) => each.urn === urn && each.delete !== true);
  const found = resources[index];
  if (found === undefined || !type.startsWith("tenantry:index:")) return;
  resources[index] = { ...found, inputs: { ...found.inputs, [INTERRUPTED_UPDATE]: true } };
}

interface Found {
  readonly kind: "found";
  readonly id: string;
  readonly outputs: Properties;
}

/** `unasked`: it would have this id, and only the engine can start the plugin that knows. */
type Outcome = Found | { readonly kind: "gone" } | { readonly kind: "unasked"; readonly id: string };

const GONE = { kind: "gone" } as const;

async function findCreated(
  resource: StateResource,
  { deployment }: Deployment,
  variables: Readonly<Record<string, string>>,
): Promise<Outcome> {
  const [packageName = ""] = resource.type.split(":");
  const provider = deployment.resources?.find(
    ({ urn }) => resource.provider?.startsWith(`${urn}::`) === true,
  );
  const inputs = unseal(resource.inputs ?? {});
  const config = unseal(provider?.inputs ?? {});
  if (packageName === "tenantry") {
    const ours = await readById(resource.type, "", inputs, config as unknown as ProviderConfig);
    return ours === undefined ? GONE : { kind: "found", id: ours.id, outputs: ours.outputs };
  }
  const id = idOfPendingCreate(resource.type, inputs, config);
  if (id === undefined) return GONE;
  const port = attachedPorts(variables.PULUMI_DEBUG_PROVIDERS)[packageName];
  if (port === undefined) return { kind: "unasked", id };
  const found = await readThroughPlugin(port, { urn: resource.urn, id, inputs, providerInputs: config });
  return found !== undefined && isMarkedOurs(inputs, found.outputs) ? { kind: "found", ...found } : GONE;
}

/** The pending resource with what creating it would have added. A secret input that comes back as output stays sealed. */
function imported(pending: StateResource, { id, outputs }: Found): StateResource {
  const inputs = pending.inputs ?? {};
  const sealed = Object.entries(outputs).map(([key, value]) => [
    key,
    isSecret(inputs[key]) ? inputs[key] : value,
  ]);
  return { ...pending, id, outputs: Object.fromEntries(sealed) as Properties };
}

async function exportStack(
  stacks: Pick<StackWorkspace, "run">,
  stack: string,
  flags: readonly string[],
): Promise<Deployment> {
  return JSON.parse(await stacks.run(["stack", "export", "--stack", stack, ...flags])) as Deployment;
}

async function importStack(
  stacks: Pick<StackWorkspace, "run">,
  stack: string,
  deployment: Deployment,
): Promise<void> {
  await withTemporaryFolder("import", async (folder) => {
    const file = join(folder, "deployment.json");
    await writeFile(file, JSON.stringify(deployment), { mode: 0o600 });
    await stacks.run(["stack", "import", "--stack", stack, "--file", file]);
  });
}
