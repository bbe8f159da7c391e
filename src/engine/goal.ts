import { type CustomTimeouts, NO_TIMEOUTS, newState, type ResourceState } from "./state.ts";
import type { PropertyMap } from "./value.ts";

/** Another URN or part of one that a resource may be known under. */
export interface AliasSpec {
  readonly urn: string;
  readonly name: string;
  readonly type: string;
  readonly stack: string;
  readonly project: string;
  readonly parent: string;
  readonly noParent: boolean;
}

/** What a program says a resource should be; empty texts and undefined mean "not said". */
export interface Goal {
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  readonly properties: PropertyMap;
  readonly parent: string;
  readonly protect: boolean | undefined;
  readonly dependencies: readonly string[];
  readonly provider: string;
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  readonly deleteBeforeReplace: boolean | undefined;
  readonly ignoreChanges: readonly string[];
  readonly additionalSecretOutputs: readonly string[];
  readonly aliases: readonly AliasSpec[];
  readonly importId: string;
  readonly customTimeouts: CustomTimeouts;
  readonly replaceOnChanges: readonly string[];
  readonly retainOnDelete: boolean | undefined;
  readonly deletedWith: string;
  readonly replaceWith: readonly string[];
}

/** A goal with every option at its default. */
export function newGoal(fields: Partial<Goal> & Pick<Goal, "type" | "name" | "custom" | "properties">): Goal {
  return {
    parent: "",
    protect: undefined,
    dependencies: [],
    provider: "",
    propertyDependencies: {},
    deleteBeforeReplace: undefined,
    ignoreChanges: [],
    additionalSecretOutputs: [],
    aliases: [],
    importId: "",
    customTimeouts: NO_TIMEOUTS,
    replaceOnChanges: [],
    retainOnDelete: undefined,
    deletedWith: "",
    replaceWith: [],
    ...fields,
  };
}

/** The state that a goal aims at; `alias` is the URN that `old` was found under, empty for its own. */
export function stateOf(
  goal: Goal,
  urn: string,
  alias: string,
  old: ResourceState | undefined,
): ResourceState {
  return newState({
    urn,
    type: goal.type,
    custom: goal.custom,
    inputs: goal.properties,
    parent: goal.parent,
    protect: goal.protect ?? false,
    dependencies: goal.dependencies,
    provider: goal.provider,
    propertyDependencies: goal.propertyDependencies,
    additionalSecretOutputs: goal.additionalSecretOutputs,
    aliases: alias === "" ? [] : [alias],
    customTimeouts: goal.customTimeouts,
    importId: goal.importId,
    retainOnDelete: goal.retainOnDelete ?? false,
    deletedWith: goal.deletedWith,
    replaceWith: goal.replaceWith,
    ignoreChanges: goal.ignoreChanges,
    replaceOnChanges: goal.replaceOnChanges,
    created: old?.created ?? "",
    modified: old?.modified ?? "",
  });
}
