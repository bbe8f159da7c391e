import { withCurrentUrns } from "./checkpoint.ts";
import { inDependencyOrder } from "./dependencyGraph.ts";
import { IntegrityCheck } from "./integrityCheck.ts";
import type { OperationType, PendingOperation, Snapshot } from "./snapshot.ts";
import { dependenciesOf, type ResourceState } from "./state.ts";
import { type Step, subjectOf } from "./step.ts";
import { isProviderType } from "./urn.ts";
import { equalMaps } from "./value.ts";

/** Writes a snapshot durably. */
export type SaveSnapshot = (snapshot: Snapshot) => Promise<void>;

/**
 * Keeps the checkpoint in step with the run: what is about to be done is stored as a pending operation
 * before, the outcome after. Saves that are asked for while one is under way are done together.
 */
export class SnapshotManager {
  readonly #save: SaveSnapshot;
  readonly #base: ResourceState[];
  readonly #kept: readonly PendingOperation[];
  #resources: ResourceState[] = [];
  readonly #done = new Set<ResourceState>();
  readonly #operations = new Map<ResourceState, OperationType>();
  readonly #integrity = new IntegrityCheck();
  #isRefreshed = false;
  /** Whether something that stayed in its old place, untargeted or refreshed, may stand behind what needs it. */
  #isMixed = false;
  /** URNs that a refresh found to be no more. */
  readonly #gone = new Set<string>();
  #inFlight: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(base: Snapshot, save: SaveSnapshot) {
    this.#save = save;
    this.#base = [...base.resources];
    this.#kept = base.pendingOperations.filter(({ type }) => type === "creating");
  }

  /** Stores the intent of a step that a provider will act on. */
  async begin(step: Step): Promise<void> {
    const operation = operationOf(step);
    if (operation === undefined) return;
    this.#operations.set(step.op.startsWith("delete") ? ownState(step.old) : subjectOf(step), operation);
    await this.save();
  }

  /** Stores a step's outcome. */
  async end(step: Step, isSuccess: boolean): Promise<void> {
    const { old, after } = step;
    const hadOperation = [old, after].some((state) => state !== undefined && this.#operations.delete(state));
    const isChanged = isSuccess && this.#record(step);
    if (hadOperation || isChanged) await this.save();
  }

  /** Applies a step to the lists; true when the checkpoint must be written. */
  #record({ op, old, after, isSkippedCreate, isUntargeted }: Step): boolean {
    this.#isMixed ||= isUntargeted || op === "refresh";
    switch (op) {
      case "same":
        return !isUntargeted && this.#recordSame(old, after, isSkippedCreate);
      case "create":
      case "create-replacement":
      case "import-replacement":
        if (old?.pendingReplacement) this.#done.add(old);
        this.#resources.push(ownState(after));
        return true;
      case "replace":
        return false;
      case "refresh":
        this.#replaceInBase(ownState(old), after);
        return false;
      case "read-replacement":
        this.#resources.push(ownState(after));
        return true;
      case "delete":
      case "delete-replaced":
      case "discard":
      case "discard-replaced":
      case "remove-pending-replace":
        if (op === "remove-pending-replace" || !ownState(old).pendingReplacement)
          this.#done.add(ownState(old));
        return true;
      default:
        if (old !== undefined) this.#done.add(old);
        this.#resources.push(ownState(after));
        return op !== "read" || old === undefined || !isSameState(old, ownState(after));
    }
  }

  #recordSame(
    old: ResourceState | undefined,
    after: ResourceState | undefined,
    isSkippedCreate: boolean,
  ): boolean {
    if (old !== undefined) this.#done.add(old);
    if (isSkippedCreate) return false;
    this.#resources.push(ownState(after));
    return old !== undefined && !isSameState(old, ownState(after));
  }

  /** Puts what a refresh found where the old state was, so that the order stays. */
  #replaceInBase(old: ResourceState, after: ResourceState | undefined): void {
    if (after !== undefined && isSameState(old, after)) return;
    this.#isRefreshed = true;
    if (after === undefined) this.#gone.add(old.urn);
    const place = this.#base.indexOf(old);
    if (place >= 0) this.#base.splice(place, 1, ...(after === undefined ? [] : [after]));
  }

  /** Writes what refreshes found, if that was anything. */
  async flushRefresh(): Promise<void> {
    if (!this.#isRefreshed) return;
    this.#isRefreshed = false;
    await this.save();
  }

  /** The state as it would be written now. */
  snapshot(): Snapshot {
    const left = [...this.#resources, ...this.#base].filter((state) => !this.#done.has(state));
    const kept = this.#isMixed ? inDependencyOrder(left) : left;
    const resources = this.#gone.size === 0 ? kept : withoutGone(kept, this.#gone);
    const operations = [...this.#operations].map(([resource, type]) => ({ resource, type }));
    return { resources, pendingOperations: [...operations, ...this.#kept] };
  }

  /** Resolves when a write that holds everything up to now is on disk. */
  save(): Promise<void> {
    if (this.#inFlight === undefined) {
      this.#inFlight = this.#write();
      return this.#inFlight;
    }
    this.#next ??= this.#inFlight.then(
      () => this.#startNext(),
      () => this.#startNext(),
    );
    return this.#next;
  }

  #startNext(): Promise<void> {
    this.#next = undefined;
    this.#inFlight = this.#write();
    return this.#inFlight;
  }

  /** Written before it is verified: it may be the only record of what a provider made. */
  async #write(): Promise<void> {
    try {
      const snapshot = this.snapshot();
      await this.#save(snapshot);
      this.#integrity.verify(withCurrentUrns(snapshot.resources));
    } finally {
      if (this.#next === undefined) this.#inFlight = undefined;
    }
  }
}

function ownState(state: ResourceState | undefined): ResourceState {
  if (state === undefined) throw new Error("internal: a step lacks the state it must have");
  return state;
}

/**
 * The resources without references to those that are gone. One that comes before the reference has the same URN and
 * takes it over; one that comes later, such as a replacement that a cut-off run left at the end, doesn't.
 */
function withoutGone(
  resources: readonly ResourceState[],
  gone: ReadonlySet<string>,
): readonly ResourceState[] {
  const lost = new Set(gone);
  return resources.map((state) => {
    const left = dependenciesOf(state).some((urn) => lost.has(urn)) ? freed(state, lost) : state;
    lost.delete(state.urn);
    return left;
  });
}

function freed(state: ResourceState, lost: ReadonlySet<string>): ResourceState {
  const isKept = (urn: string): boolean => !lost.has(urn);
  const properties = Object.entries(state.propertyDependencies).map(([key, urns]) => [
    key,
    urns.filter(isKept),
  ]);
  return {
    ...state,
    serialized: undefined,
    parent: isKept(state.parent) ? state.parent : "",
    deletedWith: isKept(state.deletedWith) ? state.deletedWith : "",
    dependencies: state.dependencies.filter(isKept),
    replaceWith: state.replaceWith.filter(isKept),
    propertyDependencies: Object.fromEntries(properties),
  };
}

/** The intent a step stores; undefined for those no provider acts on. */
function operationOf({ op, old, after, isSkippedCreate }: Step): OperationType | undefined {
  if (isSkippedCreate || isProviderType((after ?? old)?.type ?? "")) return undefined;
  if (op === "create" || op === "create-replacement") return after?.custom ? "creating" : undefined;
  if (op === "update") return after?.custom ? "updating" : undefined;
  if (op === "delete" || op === "delete-replaced")
    return old?.custom && !old.retainOnDelete ? "deleting" : undefined;
  return undefined;
}

/** Whether two states of an unchanged resource make the same checkpoint but for metadata. */
function isSameState(old: ResourceState, after: ResourceState): boolean {
  const scalars = [
    "urn",
    "type",
    "id",
    "custom",
    "provider",
    "parent",
    "protect",
    "external",
    "retainOnDelete",
    "deletedWith",
    "importId",
  ] as const;
  return (
    scalars.every((key) => old[key] === after[key]) &&
    JSON.stringify(old.customTimeouts) === JSON.stringify(after.customTimeouts) &&
    isSameSet(old.dependencies, after.dependencies) &&
    isSameSet(old.replaceWith, after.replaceWith) &&
    isSameSet(old.ignoreChanges, after.ignoreChanges) &&
    isSameSet(old.replaceOnChanges, after.replaceOnChanges) &&
    isSameSet(old.additionalSecretOutputs, after.additionalSecretOutputs) &&
    isSameSet(propertyEdges(old), propertyEdges(after)) &&
    equalMaps(old.inputs, after.inputs) &&
    equalMaps(old.outputs, after.outputs)
  );
}

function propertyEdges(state: ResourceState): readonly string[] {
  return Object.entries(state.propertyDependencies).flatMap(([key, urns]) =>
    urns.map((urn) => `${key}\0${urn}`),
  );
}

function isSameSet(left: readonly string[], right: readonly string[]): boolean {
  const set = new Set(left);
  return set.size === new Set(right).size && right.every((element) => set.has(element));
}
