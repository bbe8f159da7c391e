import type { ConfigValue } from "./config.ts";
import type { ProviderRegistry } from "./providers/registry.ts";
import type { ResourceState } from "./state.ts";
import type { Selection } from "./targets.ts";

/** What a run does with the resources it meets. */
export type RunMode = "update" | "destroy" | "refresh";

/** What never changes during a run. */
export interface RunOptions {
  readonly project: string;
  readonly stack: string;
  readonly preview: boolean;
  readonly mode: RunMode;
  /** Steps at the same time. */
  readonly parallel: number;
  /** The resources that the run is about. */
  readonly selection: Selection;
  /** A step that fails ends only what depends on it. */
  readonly continueOnError: boolean;
  /** Protected resources are deleted and replaced like others. */
  readonly ignoreProtect: boolean;
  readonly config: ReadonlyMap<string, ConfigValue>;
}

/** What SDKs are told: one at a time would make the Node SDK serialize all stacks of its process. */
export function parallelForSdk({ parallel }: RunOptions): number {
  return Math.max(2, parallel);
}

/** What the parts of a run share. */
export interface RunContext {
  readonly options: RunOptions;
  /** Resources before the run, in order. */
  readonly base: readonly ResourceState[];
  /** The same by URN, without those that only wait for deletion. */
  readonly olds: ReadonlyMap<string, ResourceState>;
  readonly registry: ProviderRegistry;
  readonly report: Reporter;
}

/** Takes what users are told; an error makes the run fail. */
export interface Reporter {
  /** `cause` tells a refusal, which has an exit code of its own, from a failure. */
  error(urn: string, message: string, cause?: unknown): void;
  warn(urn: string, message: string): void;
  info(urn: string, message: string): void;
}

/** Ends a step or its planning; the text goes to the user as it is. */
export class StepFailure extends Error {
  readonly urn: string;
  /** Whether the user was told already. */
  readonly isReported: boolean;

  constructor(
    urn: string,
    message: string,
    options: { readonly isReported?: boolean; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "StepFailure";
    this.urn = urn;
    this.isReported = options.isReported ?? false;
  }
}
