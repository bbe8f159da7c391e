import type { OpType } from "@pulumi/pulumi/automation/index.js";
import type { Phase } from "../tenant/phases.ts";

/** Words for a resource's planned or done operation: Pulumi's own. */
export type Operation = OpType;

/** One resource of one run: what was or would be done to it. Secrets read `[secret]`. */
export interface ResourceChange {
  readonly urn: string;
  /** `tenantry:index:Database`. */
  readonly type: string;
  /** Logical name: `acme-database`. */
  readonly name: string;
  readonly operation: Operation;
  /** Paths of the inputs that differ, and how; empty where Pulumi compares nothing (create, delete). */
  readonly differences: readonly Difference[];
  /** Inputs in state; absent for a create. */
  readonly oldInputs?: Properties;
  /** The program's inputs; absent for a delete. */
  readonly newInputs?: Properties;
  /** Outputs in state; absent for a create. */
  readonly oldOutputs?: Properties;
  /** Outputs after the operation, or what a preview foresees. */
  readonly outputs?: Properties;
}
export type Properties = Readonly<Record<string, unknown>>;

/** One differing input: `settings.maxTokens.value`, `update`. */
export interface Difference {
  readonly path: string;
  readonly kind: "add" | "update" | "delete";
  /** True when this difference alone replaces the resource. */
  readonly doesReplace: boolean;
}

/** A message of engine, program or provider about the run or one resource. Redacted, without colours. */
export interface Diagnostic {
  readonly severity: "info" | "warning" | "error";
  readonly message: string;
  readonly urn?: string;
}

/** A line that a user's listener logged: our provider says nothing else at this level. Pure. */
export function isListenerLine({ severity, urn }: Diagnostic): boolean {
  return severity === "info" && urn !== undefined && urn.includes("tenantry:index:");
}

/** What a run reports while it works. */
export type DeployEvent =
  | { readonly kind: "step"; readonly state: "started" | "done" | "failed"; readonly change: ResourceChange }
  | { readonly kind: "phase"; readonly phase: Phase }
  | { readonly kind: "diagnostic"; readonly diagnostic: Diagnostic }
  | { readonly kind: "note"; readonly text: string };

/** What a run did, or a preview foresees. */
export interface RunResult {
  /** Every resource that the run touched or looked at, `same` ones included, in the engine's order. */
  readonly resources: readonly ResourceChange[];
  /** Those that are not `same`. */
  readonly changes: readonly ResourceChange[];
  readonly diagnostics: readonly Diagnostic[];
  /** The stack's outputs; empty for previews and destroys. */
  readonly outputs: Properties;
  readonly tookMs: number;
}
