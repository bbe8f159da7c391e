import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import type { Phase } from "../tenant/phases.ts";
import type { DeployEvent, Diagnostic, Difference, ResourceChange } from "./deployEvents.ts";
import { redactText, redactValue } from "./redact.ts";

type StepMetadata = NonNullable<EngineEvent["resourcePreEvent"]>["metadata"];

/** The phase that is over when a resource of this type is done. */
const PHASE_OF_TYPE: Readonly<Record<string, Phase>> = {
  "tenantry:index:Placement": "placement_resolved",
  "tenantry:index:StateCheck": "state_checked",
  "tenantry:index:VaultSecret": "secret_set",
  "tenantry:index:Database": "database_created",
  "tenantry:index:Settings": "migrations_applied",
  "tenantry:index:Identity": "admin_seeded",
  "tenantry:index:Registration": "master_registered",
};

/** Operations that only look or forget, so that nothing changed. */
const UNCHANGED = new Set<string>(["same", "read", "refresh", "discard"]);

/** Pulumi makes these by itself and counts them nowhere; only one of the engines tells of them. */
const DEFAULT_PROVIDER = /::pulumi:providers:[^:]+::default(?:_|$)/;

/** Turns the engine's events into ours, and keeps what the result of a run is made of. */
export class RunRecorder {
  readonly #changes = new Map<string, ResourceChange>();
  readonly #diagnostics: Diagnostic[] = [];
  readonly #onEvent: (event: DeployEvent) => void;
  readonly #isPlatform: boolean;

  constructor(isPlatform: boolean, onEvent: (event: DeployEvent) => void) {
    this.#isPlatform = isPlatform;
    this.#onEvent = onEvent;
  }

  get resources(): readonly ResourceChange[] {
    return [...this.#changes.values()];
  }

  get changes(): readonly ResourceChange[] {
    return this.resources.filter(({ operation }) => !UNCHANGED.has(operation));
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics;
  }

  /** Takes one event of the engine. */
  take(event: EngineEvent): void {
    if (event.diagnosticEvent !== undefined) this.#takeDiagnostic(event.diagnosticEvent);
    if (event.resourcePreEvent !== undefined) this.#takeStep("started", event.resourcePreEvent.metadata);
    if (event.resOpFailedEvent !== undefined) this.#takeStep("failed", event.resOpFailedEvent.metadata);
    const done = event.resOutputsEvent;
    if (done === undefined) return;
    this.#takeStep("done", done.metadata);
    if (done.planning !== true) this.#takePhase(done.metadata);
  }

  #takeStep(state: "started" | "done" | "failed", metadata: StepMetadata): void {
    if (DEFAULT_PROVIDER.test(metadata.urn)) return;
    const change = changeOf(metadata, this.#changes.get(metadata.urn));
    this.#changes.set(metadata.urn, change);
    if (!UNCHANGED.has(change.operation)) this.#onEvent({ kind: "step", state, change });
  }

  #takePhase({ type, op }: StepMetadata): void {
    const phase = PHASE_OF_TYPE[type];
    if (phase === undefined || this.#isPlatform || (op !== "create" && op !== "update")) return;
    this.#onEvent({ kind: "phase", phase });
    if (phase === "master_registered") this.#onEvent({ kind: "phase", phase: "complete" });
  }

  #takeDiagnostic({ message, severity, urn, ephemeral }: NonNullable<EngineEvent["diagnosticEvent"]>): void {
    const text = redactText(withoutColours(message)).trim();
    if (text === "" || ephemeral === true) return;
    const diagnostic: Diagnostic = {
      severity: severity === "info#err" ? "info" : severity,
      message: text,
      ...(urn === undefined || urn === "" ? {} : { urn }),
    };
    this.#diagnostics.push(diagnostic);
    this.#onEvent({ kind: "diagnostic", diagnostic });
  }
}

/** A replacement is three steps on one URN; the first one names it, later ones only add what they know. */
function changeOf(metadata: StepMetadata, known: ResourceChange | undefined): ResourceChange {
  const outputs = metadata.new?.outputs ?? known?.outputs;
  const oldInputs = metadata.old?.inputs ?? known?.oldInputs;
  const oldOutputs = metadata.old?.outputs ?? known?.oldOutputs;
  const newInputs = metadata.new?.inputs ?? known?.newInputs;
  const isPartOfReplacement = known !== undefined && metadata.op.includes("replace");
  const differences = differencesOf(metadata);
  return {
    urn: metadata.urn,
    type: metadata.type,
    name: metadata.urn.split("::").at(-1) ?? metadata.urn,
    operation: isPartOfReplacement ? "replace" : metadata.op,
    differences: differences.length > 0 ? differences : (known?.differences ?? []),
    ...(oldInputs === undefined || oldInputs === null ? {} : { oldInputs: redactValue(oldInputs) }),
    ...(oldOutputs === undefined || oldOutputs === null ? {} : { oldOutputs: redactValue(oldOutputs) }),
    ...(newInputs === undefined || newInputs === null ? {} : { newInputs: redactValue(newInputs) }),
    ...(outputs === undefined || outputs === null ? {} : { outputs: redactValue(outputs) }),
  };
}

function differencesOf({ detailedDiff, diffs }: StepMetadata): Difference[] {
  const detailed = Object.entries(detailedDiff ?? {}).map(([path, { diffKind }]) => ({
    path,
    kind: kindOf(diffKind),
    doesReplace: diffKind.endsWith("replace"),
  }));
  if (detailed.length > 0) return detailed;
  return (diffs ?? []).map((path) => ({ path, kind: "update", doesReplace: false }));
}

function kindOf(diffKind: string): Difference["kind"] {
  if (diffKind.startsWith("add")) return "add";
  return diffKind.startsWith("delete") ? "delete" : "update";
}

/** Pulumi writes colours as `<{%fg 1%}>`. */
function withoutColours(text: string): string {
  return text.replace(/<\{%[^%]*%\}>/g, "");
}
