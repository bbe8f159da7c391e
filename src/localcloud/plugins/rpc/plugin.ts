import type { PropertyChange } from "./propertyDiff.ts";
import type { Value, ValueMap } from "./values.ts";

/** A refused input: its path (empty for the whole resource) and why. */
export interface Failure {
  readonly property: string;
  readonly reason: string;
}

export interface Checked {
  readonly inputs: ValueMap;
  readonly failures: readonly Failure[];
}

/** What the engine proposes as a name when the program gives none. */
export interface Naming {
  /** Last part of the urn. */
  readonly logicalName: string;
  /** Seed for reproducible random names; empty when the engine sends none. */
  readonly randomSeed: Uint8Array;
  readonly proposed?: { readonly name: string; readonly mode: "propose" | "enforce" | "disable" };
}

export interface CheckCall {
  readonly urn: string;
  /** Inputs in state; empty for a new resource. */
  readonly olds: ValueMap;
  readonly news: ValueMap;
  readonly naming: Naming;
}

export interface DiffCall {
  readonly id: string;
  /** Outputs in state. */
  readonly olds: ValueMap;
  readonly oldInputs: ValueMap;
  readonly news: ValueMap;
}

export interface Diff {
  readonly changes: readonly PropertyChange[];
  readonly deleteBeforeReplace: boolean;
}

export interface CreateCall {
  readonly urn: string;
  readonly news: ValueMap;
  /** Nothing may be touched. */
  readonly isPreview: boolean;
}

export interface UpdateCall extends DiffCall {
  readonly urn: string;
  readonly isPreview: boolean;
}

export interface Created {
  /** Empty in a preview. */
  readonly id: string;
  readonly outputs: { readonly [key: string]: Value | undefined };
}

export interface ReadCall {
  readonly id: string;
  readonly urn: string;
  /** Inputs in state; undefined for an import. */
  readonly oldInputs: ValueMap | undefined;
  readonly olds: ValueMap;
}

export interface Found extends Created {
  readonly inputs: ValueMap;
}

export interface DeleteCall {
  readonly id: string;
  readonly olds: ValueMap;
  readonly oldInputs: ValueMap;
}

/** One resource type. Every method may throw an Error whose message the user reads. `config` is this connection's. */
export interface ResourceType<Config> {
  check(config: Config, call: CheckCall): Checked | Promise<Checked>;
  diff(config: Config, call: DiffCall): Diff | Promise<Diff>;
  create(config: Config, call: CreateCall): Promise<Created>;
  /** Undefined when the thing is gone. */
  read(config: Config, call: ReadCall): Promise<Found | undefined>;
  update(config: Config, call: UpdateCall): Promise<Created["outputs"]>;
  /** A missing thing counts as deleted. */
  delete(config: Config, call: DeleteCall): Promise<void>;
}

export type Invoke<Config> = (config: Config, args: ValueMap) => Promise<ValueMap>;

/** A provider plugin: what differs between azure-native, postgresql and random. */
export interface Plugin<Config> {
  readonly name: string;
  /** Version of the official plugin whose behaviour this one has. */
  readonly version: string;
  /** Resource type tokens (as in urns) and what they do. */
  readonly resources: Readonly<Record<string, ResourceType<Config>>>;
  readonly invokes: Readonly<Record<string, Invoke<Config>>>;
  /** Refused configuration, by property. */
  checkConfig(args: ValueMap): readonly Failure[];
  /** True for plugins bridged from Terraform: every resource has its id among its outputs. */
  readonly isBridged: boolean;
  /** Names of configuration inputs whose change replaces the provider's resources. */
  readonly replacingConfig: readonly string[];
  /** Settings that state keeps encrypted, also when a program gives them in clear. */
  readonly secretConfig?: readonly string[];
  configure(args: ValueMap): Config;
}
