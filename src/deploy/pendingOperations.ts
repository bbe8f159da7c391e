import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readById } from "../provider/index.ts";
import type { ProviderConfig } from "../tenant/resources.ts";
import { withTemporaryFolder } from "./backend.ts";
import type { Properties } from "./deployEvents.ts";
import { type Deployment, isSecret, type StateResource, unseal } from "./deployment.ts";
import { idOfPendingCreate, isMarkedOurs } from "./pendingIds.ts";
import { attachedPorts, readThroughPlugin } from "./pluginReader.ts";
import type { StackWorkspace } from "./stackWorkspace.ts";

/**
 * Finishes or forgets what a killed run had begun. A cut-off create that did happen, with our marker, becomes a
 * resource of the stack, so that the next run updates or deletes it; one that didn't is forgotten, and so are
 * cut-off updates and deletes, which the next run simply does again. Pulumi itself does none of this.
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
  const pending = sealed.deployment.pending_operations ?? [];
  for (const [index, { resource, type }] of pending.entries()) {
    const clear = open.deployment.pending_operations?.[index]?.resource ?? resource;
    const found = type === "creating" ? await findCreated(clear, open, variables) : undefined;
    if (found !== undefined) resources.push(imported(resource, found));
    const what = found === undefined ? "cleared" : "took over";
    onNote(`${what} an interrupted operation (${type}) on ${resource.urn.split("::").at(-1)}`);
  }
  const { pending_operations: _, ...rest } = sealed.deployment;
  await importStack(stacks, stack, { ...sealed, deployment: { ...rest, resources } });
}

interface Found {
  readonly id: string;
  readonly outputs: Properties;
}

async function findCreated(
  resource: StateResource,
  { deployment }: Deployment,
  variables: Readonly<Record<string, string>>,
): Promise<Found | undefined> {
  const [packageName = ""] = resource.type.split(":");
  const provider = deployment.resources?.find(
    ({ urn }) => resource.provider?.startsWith(`${urn}::`) === true,
  );
  const inputs = unseal(resource.inputs ?? {});
  const config = unseal(provider?.inputs ?? {});
  if (packageName === "tenantry") {
    return readById(resource.type, "", inputs, config as unknown as ProviderConfig);
  }
  const id = idOfPendingCreate(resource.type, inputs, config);
  const port = attachedPorts(variables.PULUMI_DEBUG_PROVIDERS)[packageName];
  if (id === undefined || port === undefined) return undefined;
  const found = await readThroughPlugin(port, { urn: resource.urn, id, inputs, providerInputs: config });
  return found !== undefined && isMarkedOurs(inputs, found.outputs) ? found : undefined;
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
