import type { Store } from "../store.ts";
import type { ArmResource } from "./armResource.ts";
import { idKey } from "./resourceId.ts";

/** Where in the store resources are: ids without case. */
export const ARM_NAMESPACE = "arm";

/** Every resource of the local cloud, by id whatever its case. */
export class ArmState {
  readonly #store: Store;
  #last: Promise<void> = Promise.resolve();

  constructor(store: Store) {
    this.#store = store;
  }

  get(id: string): ArmResource | undefined {
    return this.#store.get<ArmResource>(ARM_NAMESPACE, idKey(id));
  }

  /** Everything below an id, at any depth. */
  below(id: string): readonly ArmResource[] {
    return this.#store.list<ArmResource>(ARM_NAMESPACE, `${idKey(id)}/`).map(({ doc }) => doc);
  }

  /** Every resource of a type (without case), optionally only below an id. */
  ofType(type: string, below = ""): readonly ArmResource[] {
    const wanted = type.toLowerCase();
    const among = below === "" ? this.all() : this.below(below);
    return among.filter((resource) => resource.type.toLowerCase() === wanted);
  }

  all(): readonly ArmResource[] {
    return this.#store.list<ArmResource>(ARM_NAMESPACE).map(({ doc }) => doc);
  }

  /** Grows with every change: for indexes built from resources. */
  revision(): number {
    return this.#store.revision(ARM_NAMESPACE);
  }

  set(resource: ArmResource): Promise<void> {
    return this.#store.put(ARM_NAMESPACE, idKey(resource.id), resource);
  }

  delete(id: string): Promise<void> {
    return this.#store.delete(ARM_NAMESPACE, idKey(id));
  }

  /** Runs a short piece of work after any other: what a rule looked at is still so when its change is written. */
  async exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    const mine = this.#last.then(work);
    this.#last = mine.then(
      () => undefined,
      () => undefined,
    );
    return mine;
  }
}
