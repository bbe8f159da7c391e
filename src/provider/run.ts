import type { Access } from "../access/index.ts";
import type { Run as AuditedRun } from "../registry/index.ts";
import type { ProviderConfig } from "../tenant/resources.ts";

/** Everything one call of a resource may use besides its inputs. */
export interface Run {
  readonly config: ProviderConfig;
  /** Nothing may be written, and nothing but master may be asked. */
  readonly isPreview: boolean;
  /** A preview in which StateCheck really compares (`TENANTRY_DRY_RUN=1`). */
  readonly isDryRun: boolean;
  readonly access: Access;
  /** Aborted when the engine cancels: waits end, nothing is undone. */
  readonly signal: AbortSignal;
  /** True when this stack's destroy undoes a failed first run: the record's row stays. */
  readonly isUndo: boolean;
  /** Who and which run; rows of `identity.tenant_audit` and `tenant_phase` bear it. */
  audited(): Promise<AuditedRun>;
  /** A place inside an operation where tests try a crash: `provider:<Type>:<substep>`. */
  point(substep: string): void;
  /** The folder whose `hooks/` holds the user's listeners. */
  readonly listenerRoot: string;
  /** Calls of listeners that this run of the engine made: it makes none twice. */
  readonly madeCalls: Set<string>;
  /** Shows a line with the resource in the engine's output. */
  log(message: string): Promise<void>;
  /** Shows a warning with the resource in the engine's output. */
  warn(message: string): Promise<void>;
}
