import type { Phase } from "../tenant/phases.ts";
import type { ProviderConfig } from "../tenant/resources.ts";
import type { Unknown } from "./protocol/wire.ts";
import type { Run } from "./run.ts";

/** Inputs or outputs of which a preview may not know some members yet. */
export type Previewed<T> = { readonly [K in keyof T]: T[K] | Unknown };

/** One refused property; `reason` begins with a code of PRODUCT.md. */
export interface Refusal {
  readonly property: string;
  readonly reason: string;
}

/** What a resource really is: the inputs that would make it so, and its outputs. */
export interface Observed<I, O> {
  readonly inputs: I;
  readonly outputs: O;
}

/** What state knows of a resource that is read, updated or deleted. */
export interface Known<I, O> {
  readonly id: string;
  readonly inputs: I;
  readonly outputs: O;
}

/**
 * One resource type of the provider. The adapter in `service.ts` speaks gRPC; this side sees plain typed values.
 * Every method but `check`, `idOf` and `ignored` may throw UserError, and must be safe to run again after a kill.
 */
export interface ResourceType<I extends object, O extends object> {
  /** `Database` of `tenantry:index:Database`. */
  readonly name: string;
  /** Inputs that stay secret in state whatever the program said. */
  readonly secretInputs?: readonly (keyof I & string)[];
  /** The phase that a create of a tenant's resource ends with; without its row the create never ended. */
  readonly phase?: Phase;
  /** Inputs whose change is refused as `E_IMMUTABLE`. */
  readonly immutable?: readonly (keyof I & string)[];
  /** Inputs that `diff` doesn't compare. */
  readonly ignored?: readonly (keyof I & string)[];
  /** Deterministic, so that an interrupted create can be found again. */
  idOf(inputs: I, config: ProviderConfig): string;
  /** Refuses inputs before anything is touched. Pure; `olds` are the inputs in state. */
  check?(news: Previewed<I>, olds: I | undefined): readonly Refusal[];
  /** Outputs that a create (no `known`) or update would give. Writes nothing. */
  predict(news: Previewed<I>, known: Known<I, O> | undefined, run: Run): Promise<Previewed<O>>;
  /** Makes it so; adopts what is there already with our marker. */
  create(inputs: I, run: Run): Promise<O>;
  /** Undefined when it isn't there. */
  read(known: Known<Partial<I>, Partial<O>>, run: Run): Promise<Observed<I, O> | undefined>;
  /** False where a create that was cut off left something undone that `read` can't see. */
  isFinished?(inputs: I, run: Run): Promise<boolean>;
  update(known: Known<I, O>, news: I, run: Run): Promise<O>;
  delete(known: Known<I, O>, run: Run): Promise<void>;
}

/** A resource type whose inputs and outputs the adapter needn't know. */
// biome-ignore lint/suspicious/noExplicitAny: the table of types is the one place where they meet.
export type AnyResourceType = ResourceType<any, any>;
