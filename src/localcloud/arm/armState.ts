import type { ArmResource } from "./armResource.ts";
import { idKey } from "./resourceId.ts";

/** Where resources are kept: one entry a resource. Writes are durable when they resolve. */
export interface ResourceStorage {
  load(): Promise<readonly (readonly [key: string, resource: ArmResource])[]>;
  set(key: string, resource: ArmResource): Promise<void>;
  delete(key: string): Promise<void>;
}

/** Every resource of the local cloud, in memory and on disk. Keys are ids without case. */
export class ArmState {
  readonly #storage: ResourceStorage;
  readonly #resources: Map<string, ArmResource>;
  #last: Promise<void> = Promise.resolve();

  private constructor(storage: ResourceStorage, resources: Map<string, ArmResource>) {
    this.#storage = storage;
    this.#resources = resources;
  }

  static async open(storage: ResourceStorage): Promise<ArmState> {
    return new ArmState(storage, new Map(await storage.load()));
  }

  get(id: string): ArmResource | undefined {
    return this.#resources.get(idKey(id));
  }

  /** Everything below an id, at any depth. */
  below(id: string): readonly ArmResource[] {
    const prefix = `${idKey(id)}/`;
    return [...this.#resources].filter(([key]) => key.startsWith(prefix)).map(([, resource]) => resource);
  }

  /** Every resource of a type (without case), optionally only below an id. */
  ofType(type: string, below = ""): readonly ArmResource[] {
    const wanted = type.toLowerCase();
    const among = below === "" ? [...this.#resources.values()] : this.below(below);
    return among.filter((resource) => resource.type.toLowerCase() === wanted);
  }

  /** Disk first, so that nothing is answered that a crash would take back. */
  async set(resource: ArmResource): Promise<void> {
    await this.#storage.set(idKey(resource.id), resource);
    this.#resources.set(idKey(resource.id), resource);
  }

  async delete(id: string): Promise<void> {
    await this.#storage.delete(idKey(id));
    this.#resources.delete(idKey(id));
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
