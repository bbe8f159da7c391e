import { setTimeout as delay } from "node:timers/promises";
import { type Stack, StackNotFoundError } from "@pulumi/pulumi/automation/index.js";
import { UserError } from "../tenant/errors.ts";
import { withScratchBackend } from "./backend.ts";
import type { DeployEvent, Properties, RunResult } from "./deployEvents.ts";
import type { DeployerOptions, DestroyOptions, RunOptions } from "./deployer.ts";
import { REGISTRATION } from "./deployment.ts";
import type { EngineSetup } from "./engineSetup.ts";
import { resolvePendingOperations } from "./pendingOperations.ts";
import { redactValue } from "./redact.ts";
import { explainRunFailure, isProtectedRefusal, platformInUse, protectedRefusal } from "./runFailure.ts";
import { RunRecorder } from "./runRecorder.ts";
import { claimStack, LOCK_POLL_MS } from "./stackLocks.ts";
import type { StackWorkspace } from "./stackWorkspace.ts";

/** Options that every command of a run gets. */
interface EngineOptions {
  readonly configFile: string;
  readonly onEvent: (event: Parameters<RunRecorder["take"]>[0]) => void;
  readonly signal?: AbortSignal;
  readonly color: "never";
  readonly showSecrets: false;
}

/** So often a new stack may be made and removed by others before a run gets it. */
const MAX_VANISHED = 10;

/** Runs one stack at a time: frees it from dead runs, runs the engine, and turns what it says into our words. */
export class StackRunner {
  readonly #options: DeployerOptions;
  readonly #setup: EngineSetup;
  readonly #stacks: StackWorkspace;

  constructor(options: DeployerOptions, setup: EngineSetup, stacks: StackWorkspace) {
    this.#options = options;
    this.#setup = setup;
    this.#stacks = stacks;
  }

  up(stack: string, options: RunOptions): Promise<RunResult> {
    return this.#exclusively(stack, options, async () => {
      const found = await this.#stacks.findOrCreate(stack);
      return this.#record(stack, options, async (engine) => {
        const { outputs } = await found.up({ ...engine, refresh: options.shouldRefresh === true });
        return plainOutputs(outputs);
      });
    });
  }

  /** A stack that isn't there is previewed in a backend of its own: nothing is touched. */
  async preview(stack: string, options: RunOptions): Promise<RunResult> {
    const found = await this.#stacks.find(stack);
    const { backend } = this.#stacks;
    const look = (at: Stack) =>
      this.#record(stack, options, async (engine) => {
        await at.preview({ ...engine, refresh: options.shouldRefresh === true });
        return {};
      });
    if (found !== undefined) return look(found);
    if (backend === undefined) return look(await this.#stacks.findOrCreate(stack));
    return withScratchBackend(backend, [this.#options.environment, stack], async ({ url }) =>
      look(await this.#stacks.findOrCreate(stack, { PULUMI_BACKEND_URL: url })),
    );
  }

  destroy(stack: string, options: DestroyOptions): Promise<RunResult> {
    return this.#exclusively(stack, options, async () => {
      const found = await this.#stacks.find(stack, options.variables);
      if (found === undefined) return NOTHING;
      const { shouldRefresh: refresh = false, shouldRunProgram: runProgram = true } = options;
      return this.#record(stack, options, async (engine) => {
        await found.destroy({ ...engine, refresh, runProgram });
        return {};
      });
    });
  }

  refresh(stack: string, options: RunOptions): Promise<RunResult> {
    return this.#exclusively(stack, options, async () => {
      const found = await this.#stacks.find(stack);
      if (found === undefined) return NOTHING;
      return this.#record(stack, options, async (engine) => {
        await found.refresh(engine);
        return {};
      });
    });
  }

  /** One run at a time on a stack: refused with `E_LOCKED` while another has it, or after it with patience. */
  async #exclusively(stack: string, options: RunOptions, run: () => Promise<RunResult>): Promise<RunResult> {
    for (let vanished = 0; ; ) {
      await this.#claim(stack, options);
      try {
        return await run();
      } catch (error) {
        // Another run made the stack, was undone and removed it between our look and the engine's.
        if (error instanceof StackNotFoundError && ++vanished < MAX_VANISHED) continue;
        const isHeld = error instanceof UserError && error.code === "E_LOCKED";
        if (!isHeld || options.isPatient !== true || this.#options.signal?.aborted === true) throw error;
        // Another run was faster between our look and the engine's own lock.
        await delay(LOCK_POLL_MS);
      }
    }
  }

  /** Frees the stack of dead owners' locks, then finishes or forgets what a killed run had begun. */
  async #claim(stack: string, { isPatient = false, onEvent }: RunOptions): Promise<void> {
    const { backend } = this.#stacks;
    const onNote = (text: string) => onEvent?.({ kind: "note", text });
    const { signal } = this.#options;
    // Elsewhere only the engine sees locks, and nobody knows whether their owners live.
    if (backend !== undefined) {
      await claimStack(stack, backend.lockFolder(stack), {
        isPatient,
        onNote,
        ...(signal === undefined ? {} : { signal }),
      });
    }
    if (await this.#stacks.finishCutOffRun(stack)) onNote("finished the state of a run that was cut off");
    if (!(await this.#stacks.hasPendingOperations(stack))) return;
    await resolvePendingOperations(stack, this.#stacks, this.#setup.variables, onNote);
  }

  /** The status that a registered tenant's last `up` gave it; undefined for one that isn't registered. */
  async #registeredStatus(stack: string): Promise<string | undefined> {
    const resources = await this.#stacks.resources(stack);
    const status = resources.find(({ type }) => type === REGISTRATION)?.inputs?.status;
    return status === undefined ? undefined : String(status);
  }

  async #protectedRefusal(stack: string, error: unknown): Promise<UserError> {
    const { environment } = this.#options;
    const slugs = stack === environment ? await this.#registeredSlugs() : [];
    if (slugs.length > 0) return platformInUse(environment, slugs, error);
    return protectedRefusal(stack, await this.#registeredStatus(stack), error);
  }

  /** Tenants whose stacks are registered, by slug. */
  async #registeredSlugs(): Promise<readonly string[]> {
    const prefix = `${this.#options.environment}.`;
    const stacks = (await this.#stacks.list()).filter((name) => name.startsWith(prefix)).sort();
    const found = await Promise.all(
      stacks.map(async (name) => ((await this.#registeredStatus(name)) === undefined ? [] : [name])),
    );
    return found.flat().map((name) => name.slice(prefix.length));
  }

  async #record(
    stack: string,
    { onEvent = ignore }: RunOptions,
    run: (engine: EngineOptions) => Promise<Properties>,
  ): Promise<RunResult> {
    const startedAt = Date.now();
    const { environment, signal } = this.#options;
    const recorder = new RunRecorder(stack === environment, onEvent);
    try {
      const outputs = await run({
        configFile: this.#setup.configFile,
        onEvent: (event) => recorder.take(event),
        color: "never",
        showSecrets: false,
        ...(signal === undefined ? {} : { signal }),
      });
      const { resources, changes, diagnostics } = recorder;
      return { resources, changes, diagnostics, outputs, tookMs: Date.now() - startedAt };
    } catch (error) {
      if (error instanceof StackNotFoundError && isOwn(stack, error)) throw error;
      if (isProtectedRefusal(error, recorder.diagnostics)) {
        throw await this.#protectedRefusal(stack, error);
      }
      throw explainRunFailure(error, { stack, environment, diagnostics: recorder.diagnostics });
    }
  }
}

/** The stack that is missing is the run's own, not one that the program refers to. */
function isOwn(stack: string, { message }: StackNotFoundError): boolean {
  return [`'${stack}' found`, `/${stack}' found`].some((end) => message.includes(end));
}

/** Result of a run of a stack that isn't there. */
const NOTHING: RunResult = { resources: [], changes: [], diagnostics: [], outputs: {}, tookMs: 0 };

/** Outputs by name; the Automation API shows a secret one in clear, which nobody here needs. */
export function plainOutputs(
  outputs: Readonly<Record<string, { value: unknown; secret: boolean }>>,
): Properties {
  const shown = Object.entries(outputs).map(([name, { value, secret }]) => [
    name,
    secret ? "[secret]" : value,
  ]);
  return redactValue(Object.fromEntries(shown) as Properties);
}

function ignore(_event: DeployEvent): void {
  // Nobody listens.
}
