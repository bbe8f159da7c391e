import type { PropertyDiff } from "./providers/provider.ts";
import type { ResourceState } from "./state.ts";
import { blindSecrets, valueToJson } from "./stateJson.ts";
import { isLogical, type Step, type StepOp, subjectOf } from "./step.ts";
import type { PropertyMap } from "./value.ts";

export type Severity = "debug" | "info" | "info#err" | "warning" | "error";

/** A text about a resource, or about the run when `urn` is empty. */
export interface Diagnostic {
  readonly urn: string;
  readonly severity: Severity;
  readonly message: string;
}

/** Events of a run, in the shape of the official engine's event log. */
export type EngineEvent =
  | { readonly preludeEvent: { readonly config: Readonly<Record<string, string>> } }
  | { readonly resourcePreEvent: { readonly metadata: StepMetadata; readonly planning?: true | undefined } }
  | { readonly resOutputsEvent: { readonly metadata: StepMetadata; readonly planning?: true | undefined } }
  | {
      readonly resOpFailedEvent: {
        readonly metadata: StepMetadata;
        readonly status: number;
        readonly steps: number;
      };
    }
  | { readonly diagnosticEvent: Diagnostic & { readonly color: string; readonly prefix: string } }
  | { readonly summaryEvent: Summary }
  | { readonly cancelEvent: Record<string, never> };

/** An event with its place in the run's order and the time it came, in Unix seconds. */
export type StampedEvent = EngineEvent & { readonly sequence: number; readonly timestamp: number };

export interface Summary {
  readonly maybeCorrupt: boolean;
  readonly durationSeconds: number;
  /** How many resources each operation was for. */
  readonly resourceChanges: Readonly<Record<string, number>>;
  readonly PolicyPacks: Readonly<Record<string, string>>;
  readonly isPreview: boolean;
  readonly result: "succeeded" | "failed" | "canceled";
}

interface StateMetadata {
  readonly type: string;
  readonly urn: string;
  readonly custom?: true | undefined;
  readonly delete?: true | undefined;
  readonly id: string;
  readonly parent: string;
  readonly protect?: true | undefined;
  readonly external?: true | undefined;
  readonly retainOnDelete?: true | undefined;
  readonly inputs: unknown;
  readonly outputs: unknown;
  readonly provider: string;
  readonly initErrors?: readonly string[];
}

/** What a step is about, as events carry it; secrets are blinded. */
export interface StepMetadata {
  readonly op: StepOp;
  readonly urn: string;
  readonly type: string;
  readonly old: StateMetadata | null;
  readonly new: StateMetadata | null;
  readonly keys?: readonly string[];
  readonly diffs?: readonly string[];
  readonly detailedDiff: Readonly<Record<string, { diffKind: string; inputDiff: boolean }>> | null;
  readonly logical?: true | undefined;
  readonly provider: string;
}

/** The metadata of a step; a refresh is shown as what it found. */
export function stepMetadata(step: Step, op: StepOp = step.op): StepMetadata {
  return {
    op,
    urn: step.urn,
    type: subjectOf(step).type,
    old: stateMetadata(step.old),
    new: stateMetadata(step.after),
    ...(step.keys.length > 0 ? { keys: step.keys } : {}),
    ...(step.diffs.length > 0 ? { diffs: step.diffs } : {}),
    detailedDiff: step.detailedDiff === undefined ? null : detailsOf(step.detailedDiff),
    logical: isLogical(step.op) || undefined,
    provider: subjectOf(step).provider,
  };
}

function detailsOf(diff: Readonly<Record<string, PropertyDiff>>): StepMetadata["detailedDiff"] {
  return Object.fromEntries(
    Object.entries(diff).map(([path, { kind, inputDiff }]) => [path, { diffKind: kind, inputDiff }]),
  );
}

function stateMetadata(state: ResourceState | undefined): StateMetadata | null {
  if (state === undefined) return null;
  return {
    type: state.type,
    urn: state.urn,
    custom: state.custom || undefined,
    delete: state.delete || undefined,
    id: state.id,
    parent: state.parent,
    protect: state.protect || undefined,
    external: state.external || undefined,
    retainOnDelete: state.retainOnDelete || undefined,
    inputs: blinded(state.inputs),
    outputs: blinded(state.outputs),
    provider: state.provider,
    ...(state.initErrors.length > 0 ? { initErrors: state.initErrors } : {}),
  };
}

function blinded(map: PropertyMap): unknown {
  return valueToJson(map, blindSecrets);
}
