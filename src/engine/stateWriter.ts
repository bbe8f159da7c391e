import type { FileBackend, StackId } from "./backend.ts";
import {
  checkpointOf,
  JOURNAL_FEATURE,
  needsKey,
  type StateTexts,
  stateTexts,
  withCurrentUrns,
} from "./checkpoint.ts";
import { Journal } from "./journal.ts";
import { journalPathOf } from "./journaledFile.ts";
import type { SecretsManager } from "./secrets.ts";
import { type Snapshot, verifyIntegrity } from "./snapshot.ts";

export interface StateWriterParts {
  readonly backend: FileBackend;
  readonly id: StackId;
  /** Undefined when the stack has no salt. */
  readonly secrets: SecretsManager | undefined;
  readonly onPoint: (point: string) => void;
}

/**
 * Keeps a stack's state on disk during a run. The first save writes the checkpoint, marked as one that a journal goes
 * on from; each further one appends what changed to the journal; {@link close} writes the whole checkpoint again. What
 * was saved is on disk when `save` resolves, and a crash at any moment leaves a state that can be read.
 */
export class StateWriter {
  readonly #parts: StateWriterParts;
  #journal: Journal | undefined;
  #texts: StateTexts | undefined;
  #last: Snapshot | undefined;
  #saves = 0;

  constructor(parts: StateWriterParts) {
    this.#parts = parts;
  }

  /** How often the state was saved. */
  get saves(): number {
    return this.#saves;
  }

  async save(snapshot: Snapshot): Promise<void> {
    const { secrets, onPoint } = this.#parts;
    if (needsKey(snapshot)) await secrets?.unlock();
    const texts = stateTexts(snapshot, secrets);
    const point = `state:${++this.#saves}`;
    onPoint(`${point}:before`);
    if (this.#journal === undefined) this.#journal = await this.#begin(texts);
    else await this.#journal.save(texts);
    this.#texts = texts;
    this.#last = snapshot;
    onPoint(`${point}:after`);
  }

  /** The journal comes first: without it the marked checkpoint could not be read. */
  async #begin(texts: StateTexts): Promise<Journal> {
    const { backend, id } = this.#parts;
    const marked = this.#checkpointOf({ ...texts, features: [...texts.features, JOURNAL_FEATURE] });
    const journal = await Journal.begin(journalPathOf(backend.checkpointPath(id)), marked, texts);
    try {
      await backend.writeCheckpoint(id, marked);
    } catch (error) {
      await journal.close();
      throw error;
    }
    return journal;
  }

  #checkpointOf(texts: StateTexts): string {
    const { id, secrets } = this.#parts;
    return checkpointOf(`${id.project}/${id.stack}`, texts, secrets?.provider);
  }

  /** Puts everything into the checkpoint; the last thing of a run that saved anything. */
  async close(): Promise<void> {
    if (this.#journal === undefined || this.#texts === undefined) return;
    const { backend, id, onPoint } = this.#parts;
    await this.#journal.close();
    this.#journal = undefined;
    onPoint("state:fold:before");
    await backend.foldCheckpoint(id, this.#checkpointOf(this.#texts));
    onPoint("state:fold:after");
  }
  /** Throws when what was saved last isn't valid as a whole: on the way only what changed was verified. */
  verify(): void {
    if (this.#last !== undefined) verifyIntegrity(withCurrentUrns(this.#last.resources));
  }
}
