import {
  checkpointOf,
  damaged,
  JOURNAL_FEATURE,
  parseCheckpoint,
  textsOf,
  type UntypedDeployment,
} from "./checkpoint.ts";
import { readIfPresent, removeIfPresent, replaceFile } from "./durableFile.ts";
import { replayJournal } from "./journal.ts";

/** A stack's state as it is now: the checkpoint, and what the journal beside it adds. */
export interface StateFile {
  /** Text of the whole state's checkpoint. */
  readonly text: string;
  readonly state: UntypedDeployment;
  /** Whether a run goes on or was cut off. */
  readonly isJournaled: boolean;
}

export function journalPathOf(checkpointPath: string): string {
  return `${checkpointPath}.journal`;
}

/**
 * Reads a state file and its journal, or undefined when there is no such file. Needs no lock: a run that ends
 * meanwhile puts the journal into the checkpoint and takes it away, and then the checkpoint is read again.
 */
export async function readStateFile(path: string): Promise<StateFile | undefined> {
  for (let text = await readIfPresent(path); ; ) {
    if (text === undefined) return undefined;
    const state = parseCheckpoint(text, path);
    if (!state.features?.includes(JOURNAL_FEATURE)) return { text, state, isJournaled: false };
    const journalPath = journalPathOf(path);
    const journal = await readIfPresent(journalPath);
    try {
      const deployment = replayJournal(state.deployment, text, journal, journalPath);
      const texts = textsOf(deployment);
      const whole = checkpointOf(stackNameIn(text, path), texts, deployment.secrets_providers);
      return { text: whole, state: parseCheckpoint(whole, path), isJournaled: true };
    } catch (error) {
      const again = await readIfPresent(path);
      if (again === text) throw error;
      text = again;
    }
  }
}

/** `<project>/<stack>` as the checkpoint has it. */
function stackNameIn(text: string, path: string): string {
  const { checkpoint } = JSON.parse(text) as { readonly checkpoint: { readonly stack?: unknown } };
  if (typeof checkpoint.stack !== "string") throw damaged(path, "it names no stack");
  return checkpoint.stack.replace(/^organization\//, "");
}

/**
 * Puts what a cut-off run left in the journal into the checkpoint; true when there was something. Only under the
 * stack's lock. A journal whose run never got to its first save is taken away.
 */
export async function foldJournal(path: string): Promise<boolean> {
  const file = await readStateFile(path);
  if (file?.isJournaled) await replaceFile(path, file.text, { keepsBackup: false });
  await removeIfPresent(journalPathOf(path));
  return file?.isJournaled ?? false;
}
