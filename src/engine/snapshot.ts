import { EngineError } from "./errors.ts";
import { dependenciesOf, type ResourceState } from "./state.ts";
import { isProviderType, parseProviderReference } from "./urn.ts";

/** What was going on when a run was cut off. */
export type OperationType = "creating" | "updating" | "deleting" | "reading" | "importing";

export interface PendingOperation {
  readonly resource: ResourceState;
  readonly type: OperationType;
}

/** A stack's resources in an order in which each comes after what it needs. */
export interface Snapshot {
  readonly resources: readonly ResourceState[];
  readonly pendingOperations: readonly PendingOperation[];
}

/**
 * Checks what every stored state must hold: parents, providers and dependencies come before their
 * dependents, and a URN occurs once among resources that aren't marked for deletion. Throws naming both.
 */
export function verifyIntegrity(resources: readonly ResourceState[]): void {
  const urns = new Set<string>();
  const live = new Set<string>();
  const providers = new Set<string>();
  for (const state of resources) {
    verifyProvider(state, providers);
    for (const urn of dependenciesOf(state)) {
      if (!urns.has(urn)) throw integrityError(state, `refers to '${urn}', which does not come before it`);
    }
    if (!state.delete && live.has(state.urn)) throw integrityError(state, "occurs twice");
    if (!state.delete) live.add(state.urn);
    urns.add(state.urn);
    if (isProviderType(state.type)) providers.add(`${state.urn}::${state.id}`);
  }
}

function verifyProvider(state: ResourceState, providers: ReadonlySet<string>): void {
  if (state.provider === "") return;
  parseProviderReference(state.provider);
  if (!providers.has(state.provider)) {
    throw integrityError(state, `refers to the provider '${state.provider}', which does not come before it`);
  }
}

function integrityError(state: ResourceState, what: string): EngineError {
  return new EngineError(`snapshot integrity failure: resource '${state.urn}' ${what}`);
}
