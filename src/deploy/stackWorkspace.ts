import { existsSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import {
  ConcurrentUpdateError,
  LocalWorkspace,
  type PulumiFn,
  Stack,
  StackAlreadyExistsError,
  StackNotFoundError,
} from "@pulumi/pulumi/automation/index.js";
import { UserError } from "../tenant/errors.ts";
import {
  type FolderBackend,
  folderBackend,
  hasPendingOperations,
  PROJECT,
  withTemporaryFolder,
} from "./backend.ts";
import { isJournaled, readCheckpoint } from "./checkpointFile.ts";
import { runCommand } from "./commandRun.ts";
import type { Deployment, StateResource } from "./deployment.ts";
import type { EngineSetup } from "./engineSetup.ts";
import { finishJournal } from "./localDoors.ts";
import { LOCK_HINT } from "./runFailure.ts";

/**
 * Stacks of one environment through the Automation API. Nothing here writes into the project: workspaces never save
 * settings, and a stack is made from a temporary folder, because `stack init` leaves a `Pulumi.<stack>.yaml` behind.
 */
export class StackWorkspace {
  readonly #root: string;
  readonly #setup: EngineSetup;
  readonly #program: PulumiFn;
  /** Stacks that this process made. */
  readonly #made = new Set<string>();

  constructor(root: string, setup: EngineSetup, program: PulumiFn) {
    this.#root = root;
    this.#setup = setup;
    this.#program = program;
  }

  /** Undefined where the backend isn't a folder. */
  get backend(): FolderBackend | undefined {
    return folderBackend(this.#setup.variables.PULUMI_BACKEND_URL ?? process.env.PULUMI_BACKEND_URL);
  }

  /** The stack, undefined when there is none; `E_STATE` for a damaged one. `variables` are added to the environment's. */
  async find(stack: string, variables: Readonly<Record<string, string>> = {}): Promise<Stack | undefined> {
    const path = this.backend?.checkpoint(stack);
    if (variables.PULUMI_BACKEND_URL === undefined && path !== undefined && !existsSync(path))
      return undefined;
    if (path !== undefined && existsSync(path)) await this.#requireReadable(stack, path);
    try {
      return await Stack.select(stack, await this.#open(this.#root, variables));
    } catch (error) {
      if (error instanceof StackNotFoundError) return undefined;
      throw error;
    }
  }

  /** The official CLI can't read what a cut-off run of the embedded engine left in its journal. */
  async #requireReadable(stack: string, path: string): Promise<void> {
    await readCheckpoint(path);
    if (this.#setup.name === "official") await this.finishCutOffRun(stack);
  }

  /** Puts a cut-off run's journal into the checkpoint; false when there is none. Throws where another run has the stack. */
  async finishCutOffRun(stack: string): Promise<boolean> {
    const path = this.backend?.checkpoint(stack);
    if (path === undefined || !existsSync(path) || !(await isJournaled(path))) return false;
    try {
      return await finishJournal(this.backend?.url ?? "", PROJECT, stack);
    } catch (error) {
      if (!String(error).includes("is currently locked by")) throw error;
      throw new UserError("E_LOCKED", `stack '${stack}' is held by another run.`, {
        hint: LOCK_HINT,
        cause: error,
      });
    }
  }

  /** The stack, made when there is none. */
  async findOrCreate(stack: string, variables: Readonly<Record<string, string>> = {}): Promise<Stack> {
    const found = await this.find(stack, variables);
    if (found !== undefined) return found;
    await withTemporaryFolder("stack", async (folder) => {
      await cp(join(this.#root, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
      // With the environment's own encryption, or Pulumi would make up another one.
      await cp(this.#setup.configFile, join(folder, `Pulumi.${stack}.yaml`));
      const workspace = await this.#open(folder, variables);
      await workspace.createStack(stack).then(
        () => this.#made.add(stack),
        (error) => {
          // Another run was faster: it is there, which is all that is wanted.
          if (!(error instanceof StackAlreadyExistsError)) throw error;
        },
      );
    });
    return Stack.select(stack, await this.#open(this.#root, variables));
  }

  /** Whether it was this process that made the stack, not another that wanted it too. */
  hasMade(stack: string): boolean {
    return this.#made.has(stack);
  }

  /**
   * Removes a stack unless it holds resources or another run has it: the engine looks under its own lock, so nothing
   * that somebody made meanwhile is forgotten. (The official CLI also counts its own bookkeeping and keeps such a stack.)
   */
  async removeIfEmpty(stack: string): Promise<void> {
    const workspace = await this.#open(this.#root, {});
    try {
      await workspace.removeStack(stack, { preserveConfig: true });
    } catch (error) {
      const isGone = error instanceof StackNotFoundError;
      const isUsed = error instanceof ConcurrentUpdateError || /still has resources/.test(String(error));
      if (!isGone && !isUsed) throw error;
    }
  }

  /** Names of the backend's stacks of this project. */
  async list(): Promise<string[]> {
    const workspace = await this.#open(this.#root, {});
    const stacks = await workspace.listStacks();
    return stacks.map(({ name }) => name.split("/").at(-1) ?? name);
  }

  /** Resources in a stack's state; none when there is no stack. Secrets stay sealed. */
  async resources(stack: string): Promise<readonly StateResource[]> {
    const path = this.backend?.checkpoint(stack);
    if (path !== undefined) return existsSync(path) ? ((await readCheckpoint(path)).resources ?? []) : [];
    if ((await this.find(stack)) === undefined) return [];
    const { deployment } = JSON.parse(await this.run(["stack", "export", "--stack", stack])) as Deployment;
    return deployment.resources ?? [];
  }

  /** Whether a killed run left operations of which nobody knows how they ended. */
  async hasPendingOperations(stack: string): Promise<boolean> {
    const { backend } = this;
    if (backend !== undefined) return hasPendingOperations(backend, stack);
    if ((await this.find(stack)) === undefined) return false;
    const { deployment } = JSON.parse(await this.run(["stack", "export", "--stack", stack])) as Deployment;
    return (deployment.pending_operations ?? []).length > 0;
  }

  /** One command that has no method of its own; answers what it printed. */
  async run(args: readonly string[]): Promise<string> {
    const { command, variables } = this.#setup;
    const { stdout } = await runCommand(command, [...args, "--non-interactive"], this.#root, variables);
    return stdout;
  }

  #open(workDir: string, variables: Readonly<Record<string, string>>): Promise<LocalWorkspace> {
    const { command: pulumiCommand, name, secretsProvider, variables: shared } = this.#setup;
    return LocalWorkspace.create({
      workDir,
      pulumiCommand,
      envVars: { ...shared, ...variables },
      // Of new stacks: without it a file or blob backend takes a passphrase, whatever the config file says.
      ...(secretsProvider === undefined ? {} : { secretsProvider }),
      ...(name === "embedded" ? { program: this.#program } : {}),
    });
  }
}
