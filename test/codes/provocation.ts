import type { ErrorCode } from "../../src/tenant/errors.ts";
import type { Stage } from "./stage.ts";

/** Puts back what a provocation had arranged. */
export type PutBack = () => void | Promise<void>;

/** One way to make the product answer with a code. */
export interface Provocation {
  /** What is the case, as the test's name says it. */
  readonly when: string;
  /** Brings it about; what it answers runs after the command, whatever became of it. */
  readonly arrange?: (stage: Stage) => Promise<PutBack> | PutBack;
  /** A place that is away while the command runs; reality is compared before it goes and after it is back. */
  readonly outage?: (stage: Stage) => Promise<PutBack> | PutBack;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Where the answer has another code than its row: only in rows of codes that can't occur yet. */
  readonly answers?: ErrorCode;
  /** All of stdout; default: nothing. Volatile parts are normalised (`Stage.normalise`). */
  readonly stdout?: string;
  /** All of stderr; default: nothing. */
  readonly stderr?: string;
  /** Every part of reality that may change, and has to (`Reality`'s keys); default: nothing may. */
  readonly touches?: readonly string[];
  /** What has to hold then, before anything is put back. */
  readonly after?: (stage: Stage) => void | Promise<void>;
}

/** All ways to provoke one code. */
export interface CodeRow {
  /** Why it can't occur yet; `provocations` then prove it. */
  readonly cannotOccur?: string;
  readonly provocations: readonly [Provocation, ...Provocation[]];
}
