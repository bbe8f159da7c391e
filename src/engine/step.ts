import type { PropertyDiff } from "./providers/provider.ts";
import type { ResourceState } from "./state.ts";
import { isProviderType } from "./urn.ts";

/** What a step does, in Pulumi's words. */
export type StepOp =
  | "same"
  | "create"
  | "update"
  | "delete"
  | "replace"
  | "create-replacement"
  | "delete-replaced"
  | "discard"
  | "discard-replaced"
  | "read"
  | "read-replacement"
  | "refresh"
  | "import"
  | "import-replacement"
  | "remove-pending-replace";

/** One change to one resource, decided but not done. */
export interface Step {
  readonly op: StepOp;
  readonly urn: string;
  readonly old: ResourceState | undefined;
  /** The state after it; undefined for a delete. A refresh sets it when it is done. */
  after: ResourceState | undefined;
  /** What a refresh found; undefined until it is done and for other steps. */
  found?: "same" | "update" | "delete";
  /** Properties because of which it replaces. */
  readonly keys: readonly string[];
  /** Properties that changed. */
  readonly diffs: readonly string[];
  readonly detailedDiff: Readonly<Record<string, PropertyDiff>> | undefined;
  /** A delete that leaves the state as "deleted, replacement pending". */
  readonly pendingReplacement: boolean;
  /** A create that isn't done: the resource isn't targeted, or the program runs only for a destroy. */
  readonly isSkippedCreate: boolean;
  /** The resource isn't targeted and stays as it is; `after` is `old` itself. */
  readonly isUntargeted: boolean;
}

type StepFields = Partial<Step> & Pick<Step, "op" | "urn">;

export function newStep(fields: StepFields): Step {
  return {
    old: undefined,
    after: undefined,
    keys: [],
    diffs: [],
    detailedDiff: undefined,
    pendingReplacement: false,
    isSkippedCreate: false,
    isUntargeted: false,
    ...fields,
  };
}

/** Leaves a resource that isn't targeted as it is. */
export function untargetedStep(old: ResourceState): Step {
  return newStep({ op: "same", urn: old.urn, old, after: old, isUntargeted: true });
}

/** Makes nothing of a resource that isn't there. */
export function skippedStep(after: ResourceState): Step {
  return newStep({ op: "same", urn: after.urn, after, isSkippedCreate: true });
}

/** The resource a step is about, as it is or will be. */
export function subjectOf(step: Step): ResourceState {
  const state = step.after ?? step.old;
  if (state === undefined) throw new Error(`the step '${step.op}' of '${step.urn}' has no state`);
  return state;
}

/** An update before it is done: the id is what the provider will say it still is. */
export function asPlanned(step: Step): Step {
  if (step.op !== "update" || step.after === undefined) return step;
  return { ...step, after: { ...step.after, id: "" } };
}

/** Steps that a user thinks of; the others are parts of a replacement. */
export function isLogical(op: StepOp): boolean {
  return !["create-replacement", "delete-replaced", "discard-replaced", "import-replacement"].includes(op);
}

/** Steps of default providers and bookkeeping, which no display counts. */
export function isInternal(step: Step): boolean {
  const state = subjectOf(step);
  const isDefaultProvider = isProviderType(state.type) && /::default(_|$)/.test(state.urn);
  return step.op === "remove-pending-replace" || isDefaultProvider;
}

/** The delete step that fits a resource: what isn't owned is only forgotten. */
export function deleteStep(old: ResourceState, isReplacing: boolean, pendingReplacement: boolean): Step {
  if (old.pendingReplacement && !isReplacing)
    return newStep({ op: "remove-pending-replace", urn: old.urn, old });
  const op = old.external
    ? isReplacing
      ? "discard-replaced"
      : "discard"
    : isReplacing
      ? "delete-replaced"
      : "delete";
  return newStep({ op, urn: old.urn, old, pendingReplacement });
}
