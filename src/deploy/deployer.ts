import type { PulumiFn } from "@pulumi/pulumi/automation/index.js";
import type { DeployEvent, Properties, RunResult } from "./deployEvents.ts";
import type { EngineName } from "./engineChoice.ts";
import type { StackHold } from "./stackHold.ts";

/** What a deployer is opened with. */
export interface DeployerOptions {
  /** The project's root: the folder with `Pulumi.yaml`. */
  readonly root: string;
  readonly environment: string;
  /** Default: embedded for `local`, official elsewhere. */
  readonly engine?: EngineName;
  /** The Pulumi program; only the embedded engine runs it in this process. */
  readonly program: PulumiFn;
  /** Previews in which StateCheck really compares; nothing else changes. Default false. */
  readonly isDryRun?: boolean;
  /** Takes a local cloud that runs and starts none: `E_UNREACHABLE` where it doesn't run. Default false. */
  readonly isOnlyLooking?: boolean;
  /** Aborted by Ctrl-C: the step under way finishes, nothing new begins. */
  readonly signal?: AbortSignal;
}

/** How one run of one stack behaves. */
export interface RunOptions {
  readonly onEvent?: (event: DeployEvent) => void;
  /** Waits for a stack that another run holds; default false: `E_LOCKED`. */
  readonly isPatient?: boolean;
  /** Asks every provider how its resource really is first. Default false. */
  readonly shouldRefresh?: boolean;
}

/** A destroy's own options. */
export interface DestroyOptions extends RunOptions {
  /** Takes `protect` from the program instead of state. Default true. */
  readonly shouldRunProgram?: boolean;
  /** Added to the environment's variables for this run. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** How a stack is held. */
export interface HoldOptions {
  /** Waits for a stack that another run holds; false: `E_LOCKED`. */
  readonly isPatient: boolean;
  readonly onNote: (text: string) => void;
}

/** What a command line of Pulumi did. */
export interface CommandOutcome {
  readonly exitCode: number;
}

/** Runs the stacks of one environment on one engine. Failures are UserErrors where they have a code. */
export interface Deployer {
  readonly engine: EngineName;
  /** Variables that make a process (a bare `pulumi`, our own clients) use this environment. */
  readonly variables: Readonly<Record<string, string>>;
  /** Applies; creates the stack when it isn't there. */
  up(stack: string, options?: RunOptions): Promise<RunResult>;
  /** Foresees; touches nothing, not even the backend when the stack isn't there. */
  preview(stack: string, options?: RunOptions): Promise<RunResult>;
  /** Deletes what the stack holds; a stack that isn't there is done. */
  destroy(stack: string, options?: DestroyOptions): Promise<RunResult>;
  /** Writes into the stack's state how its resources really are. */
  refresh(stack: string, options?: RunOptions): Promise<RunResult>;
  /**
   * Destroys what a failed first run left; the record's row stays `provisioning_failed` with its code. Refused for a
   * stack that is registered.
   */
  undoFirstRun(stack: string, options?: RunOptions): Promise<RunResult>;
  /** Whether the stack holds a registered tenant, which is never undone. */
  isRegistered(stack: string): Promise<boolean>;
  /** Number of the password that the stack's state holds: 0 for the first one, and where there is none. */
  passwordRotation(stack: string): Promise<number>;
  /** What the stack's tenant was last registered as; undefined where none is. */
  registeredAs(stack: string): Promise<Properties | undefined>;
  /**
   * Holds a stack against runs of either engine while `body` works on what it describes. Throws `E_LOCKED` where another run has
   * it. Where the backend isn't a folder nothing is held: there only the engine's own locks exist.
   */
  holdStack<T>(stack: string, options: HoldOptions, body: (hold: StackHold) => Promise<T>): Promise<T>;
  /** Names of all stacks of this environment, sorted. */
  listStacks(): Promise<readonly string[]>;
  isStackPresent(stack: string): Promise<boolean>;
  /** Whether the stack holds, or a killed run began, anything but Pulumi's own bookkeeping; false when it isn't there. */
  hasResources(stack: string): Promise<boolean>;
  /** Outputs of the last run; empty when the stack isn't there. Secrets read `[secret]`. */
  outputs(stack: string): Promise<Properties>;
  /** Runs Pulumi's own command line with this environment's variables; prints to this process's streams. */
  runPulumi(args: readonly string[]): Promise<CommandOutcome>;
  /** Stops what was started for the deployer; the local cloud stays up. */
  close(): Promise<void>;
}
