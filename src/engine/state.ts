import type { PropertyMap } from "./value.ts";

/** Seconds a provider gets for an operation; 0 is its default. */
export interface CustomTimeouts {
  readonly create: number;
  readonly update: number;
  readonly delete: number;
  readonly read: number;
}

/** One resource as the checkpoint has it; changed only through {@link amend}. */
export interface ResourceState {
  urn: string;
  type: string;
  custom: boolean;
  /** Replaced by a newer one with the same URN and still to be deleted. */
  delete: boolean;
  id: string;
  inputs: PropertyMap;
  outputs: PropertyMap;
  parent: string;
  protect: boolean;
  /** Read, not owned. */
  external: boolean;
  dependencies: readonly string[];
  initErrors: readonly string[];
  /** `<provider urn>::<id>`; empty for components and providers. */
  provider: string;
  propertyDependencies: Readonly<Record<string, readonly string[]>>;
  /** Deleted before its replacement was made. */
  pendingReplacement: boolean;
  additionalSecretOutputs: readonly string[];
  /** The URN this resource had until this run. */
  aliases: readonly string[];
  customTimeouts: CustomTimeouts;
  importId: string;
  retainOnDelete: boolean;
  deletedWith: string;
  replaceWith: readonly string[];
  created: string;
  modified: string;
  ignoreChanges: readonly string[];
  replaceOnChanges: readonly string[];
  /** Fields only the official engine writes (source positions); kept while the resource stays the same. */
  carried: Readonly<Record<string, unknown>>;
  /** Its text in the checkpoint, until it changes. */
  serialized?: string | undefined;
}

export const NO_TIMEOUTS: CustomTimeouts = { create: 0, update: 0, delete: 0, read: 0 };

/** A state with every field at its default. */
export function newState(
  fields: Partial<ResourceState> & Pick<ResourceState, "urn" | "type">,
): ResourceState {
  return {
    custom: false,
    delete: false,
    id: "",
    inputs: {},
    outputs: {},
    parent: "",
    protect: false,
    external: false,
    dependencies: [],
    initErrors: [],
    provider: "",
    propertyDependencies: {},
    pendingReplacement: false,
    additionalSecretOutputs: [],
    aliases: [],
    customTimeouts: NO_TIMEOUTS,
    importId: "",
    retainOnDelete: false,
    deletedWith: "",
    replaceWith: [],
    created: "",
    modified: "",
    ignoreChanges: [],
    replaceOnChanges: [],
    carried: {},
    ...fields,
  };
}

/** Changes a state and forgets its checkpoint text. */
export function amend(state: ResourceState, change: Partial<ResourceState>): void {
  Object.assign(state, change);
  state.serialized = undefined;
}

/** URNs of everything a resource needs to exist, its provider aside. */
export function dependenciesOf(state: ResourceState): readonly string[] {
  const properties = Object.values(state.propertyDependencies).flat();
  const named = [state.parent, state.deletedWith].filter((urn) => urn !== "");
  return [...named, ...state.dependencies, ...properties, ...state.replaceWith];
}
