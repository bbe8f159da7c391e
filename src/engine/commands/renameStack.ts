import { rename } from "node:fs/promises";
import { basename, join } from "node:path";
import { type FileBackend, listFolder, type StackId } from "../backend.ts";
import { checkpointText, needsKey } from "../checkpoint.ts";
import { type CommandContext, type StackContext, stackContext, stackId } from "../commandContext.ts";
import { readIfPresent, syncFolder } from "../durableFile.ts";
import { EngineError, misuse } from "../errors.ts";
import { verifyIntegrity } from "../snapshot.ts";
import { loadStack, withLock } from "../stackFile.ts";
import type { ResourceState } from "../state.ts";
import { parseUrn, ROOT_STACK_TYPE } from "../urn.ts";
import { mapEntries, type PropertyMap, ResourceReference } from "../value.ts";

/** Gives a stack another name, and with `organization/<project>/<stack>` another project; its resources' URNs change with it. */
export async function renameStack(context: CommandContext): Promise<void> {
  const [name] = context.invocation.positional;
  if (name === undefined) throw misuse("`pulumi stack rename` needs the new name");
  const stack = await stackContext(context);
  const { backend, id } = stack;
  const target = stackId(name, id.project);
  const [from, to] = [configPath(stack, id), configPath(stack, target)];
  await withLock(context, stack, async () => {
    const hasConfig = from !== to && (await readIfPresent(from)) !== undefined;
    if (hasConfig && (await readIfPresent(to)) !== undefined)
      throw new EngineError(`the config file '${to}' is there already`);
    await copyCheckpoint(context, stack, target);
    await moveHistory(backend, id, target);
    await backend.remove(id);
    if (hasConfig) await rename(from, to);
  });
  context.out(`Renamed ${id.stack} to ${target.stack}\n`);
}

function configPath({ project }: StackContext, { stack }: StackId): string {
  return join(project.root, `Pulumi.${stack}.yaml`);
}

/** The renamed checkpoint lies there before the old one goes. */
async function copyCheckpoint(context: CommandContext, stack: StackContext, target: StackId): Promise<void> {
  const { snapshot, secrets } = await loadStack(context, stack);
  const fix = renamer(stack.id, target);
  const resources = snapshot.resources.map((state) => renamedState(state, fix));
  const pendingOperations = snapshot.pendingOperations.map(({ resource, type }) => ({
    resource: renamedState(resource, fix),
    type,
  }));
  verifyIntegrity(resources);
  const renamed = { resources, pendingOperations };
  if (needsKey(renamed)) await secrets?.unlock();
  await stack.backend.prepare(target);
  const name = `${target.project}/${target.stack}`;
  context.onPoint("state:rename:before");
  if (!(await stack.backend.createCheckpoint(target, checkpointText(name, renamed, secrets))))
    throw new EngineError(`a stack named ${target.stack} already exists`);
  context.onPoint("state:rename:after");
}

type Renamer = (urn: string) => string;

/** Changes URNs of the stack and leaves all others; the stack's own entry is named after it. */
function renamer(from: StackId, to: StackId): Renamer {
  return (urn) => {
    if (urn === "") return urn;
    const { stack, project, qualifiedType, name } = parseUrn(urn);
    if (stack !== from.stack || project !== from.project) return urn;
    const isRoot = qualifiedType === ROOT_STACK_TYPE;
    const newName = isRoot ? `${to.project}-${to.stack}` : name;
    return `urn:pulumi:${to.stack}::${to.project}::${qualifiedType}::${newName}`;
  };
}

function renamedState(state: ResourceState, fix: Renamer): ResourceState {
  const split = state.provider.lastIndexOf("::");
  const properties = Object.entries(state.propertyDependencies);
  return {
    ...state,
    serialized: undefined,
    urn: fix(state.urn),
    parent: fix(state.parent),
    deletedWith: fix(state.deletedWith),
    provider: state.provider === "" ? "" : fix(state.provider.slice(0, split)) + state.provider.slice(split),
    dependencies: state.dependencies.map(fix),
    replaceWith: state.replaceWith.map(fix),
    aliases: state.aliases.map(fix),
    propertyDependencies: Object.fromEntries(properties.map(([key, urns]) => [key, urns.map(fix)])),
    inputs: renamedValues(state.inputs, fix),
    outputs: renamedValues(state.outputs, fix),
  };
}

function renamedValues(map: PropertyMap, fix: Renamer): PropertyMap {
  return mapEntries(map, (part) =>
    part instanceof ResourceReference
      ? new ResourceReference(fix(part.urn), part.id, part.packageVersion)
      : part,
  );
}

async function moveHistory(backend: FileBackend, from: StackId, to: StackId): Promise<void> {
  const [old, now] = [backend.historyFolder(from), backend.historyFolder(to)];
  const names = await listFolder(old);
  if (names.length === 0) return;
  await rename(old, now);
  for (const name of names) {
    if (name.startsWith(`${from.stack}-`))
      await rename(join(now, name), join(now, `${to.stack}${basename(name).slice(from.stack.length)}`));
  }
  await syncFolder(now);
}
