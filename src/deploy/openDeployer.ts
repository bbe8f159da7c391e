import { UserError } from "../tenant/errors.ts";
import { readCutOffOperations } from "./cutOffOperations.ts";
import type { Properties, RunResult } from "./deployEvents.ts";
import type { Deployer, DeployerOptions, DestroyOptions, HoldOptions, RunOptions } from "./deployer.ts";
import { REGISTRATION } from "./deployment.ts";
import { type EngineSetup, setUpEngine } from "./engineSetup.ts";
import { passThrough } from "./pulumiPassThrough.ts";
import { holdStack, type StackHold } from "./stackHold.ts";
import { plainOutputs, StackRunner } from "./stackRunner.ts";
import { StackWorkspace } from "./stackWorkspace.ts";

/** Opens an environment: starts the local cloud for `local`, and the engine. Throws UserError where one is missing. */
export async function openDeployer(options: DeployerOptions): Promise<Deployer> {
  return new EnvironmentDeployer(options, await setUpEngine(options));
}

class EnvironmentDeployer implements Deployer {
  readonly #options: DeployerOptions;
  readonly #setup: EngineSetup;
  readonly #stacks: StackWorkspace;
  readonly #runner: StackRunner;

  constructor(options: DeployerOptions, setup: EngineSetup) {
    this.#options = options;
    this.#setup = setup;
    this.#stacks = new StackWorkspace(options.root, setup, options.program);
    this.#runner = new StackRunner(options, setup, this.#stacks);
  }

  get engine(): Deployer["engine"] {
    return this.#setup.name;
  }

  get variables(): Deployer["variables"] {
    return this.#setup.variables;
  }

  async up(stack: string, options: RunOptions = {}): Promise<RunResult> {
    try {
      return await this.#runner.up(stack, options);
    } catch (error) {
      // What a first run that made nothing was refused for is in its record.
      if (this.#stacks.hasMade(stack)) await this.#stacks.removeIfEmpty(stack);
      throw error;
    }
  }

  preview(stack: string, options: RunOptions = {}): Promise<RunResult> {
    return this.#runner.preview(stack, options);
  }

  destroy(stack: string, options: DestroyOptions = {}): Promise<RunResult> {
    return this.#runner.destroy(stack, options);
  }

  refresh(stack: string, options: RunOptions = {}): Promise<RunResult> {
    return this.#runner.refresh(stack, options);
  }

  async undoFirstRun(stack: string, options: RunOptions = {}): Promise<RunResult> {
    if (await this.isRegistered(stack)) {
      throw new UserError(
        "E_ILLEGAL_TRANSITION",
        `stack '${stack}' is registered: only a first run is undone.`,
      );
    }
    this.#setup.undoing.add(stack);
    try {
      const undone = await this.#runner.destroy(stack, {
        ...options,
        shouldRunProgram: false,
        variables: { TENANTRY_UNDO: stack },
      });
      await this.#stacks.removeIfEmpty(stack);
      return undone;
    } finally {
      this.#setup.undoing.delete(stack);
    }
  }

  async isRegistered(stack: string): Promise<boolean> {
    const resources = await this.#stacks.resources(stack);
    return resources.some(({ type }) => type === REGISTRATION);
  }

  async registeredAs(stack: string): Promise<Properties | undefined> {
    const resources = await this.#stacks.resources(stack);
    return resources.find(({ type }) => type === REGISTRATION)?.inputs;
  }

  async passwordRotation(stack: string): Promise<number> {
    const resources = await this.#stacks.resources(stack);
    const password = resources.find(({ type }) => type === "random:index/randomPassword:RandomPassword");
    const keepers = password?.inputs?.keepers as { readonly rotation?: string } | undefined;
    return Number(keepers?.rotation ?? 0);
  }

  async hasResources(stack: string): Promise<boolean> {
    const resources = await this.#stacks.resources(stack);
    if (resources.some(({ type }) => !type.startsWith("pulumi:"))) return true;
    return (await readCutOffOperations(this.#stacks.backend?.url ?? "", stack)).length > 0;
  }

  holdStack<T>(stack: string, options: HoldOptions, body: (hold: StackHold) => Promise<T>): Promise<T> {
    const { backend } = this.#stacks;
    if (backend === undefined) return body({ letGoFor: (run) => run() });
    const { signal } = this.#options;
    const wait = signal === undefined ? options : { ...options, signal };
    return holdStack(stack, backend.lockFolder(stack), wait, body);
  }

  async listStacks(): Promise<readonly string[]> {
    const { environment } = this.#options;
    const names = await this.#stacks.list();
    return names.filter((name) => name === environment || name.startsWith(`${environment}.`)).sort();
  }

  async isStackPresent(stack: string): Promise<boolean> {
    return (await this.#stacks.find(stack)) !== undefined;
  }

  async outputs(stack: string): Promise<RunResult["outputs"]> {
    const found = await this.#stacks.find(stack);
    return found === undefined ? {} : plainOutputs(await found.outputs());
  }

  runPulumi(args: readonly string[]): ReturnType<Deployer["runPulumi"]> {
    return passThrough(args, this.#setup, this.#options);
  }

  close(): Promise<void> {
    return this.#setup.close();
  }
}
