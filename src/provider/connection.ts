import { type Access, openAccess, type Shared, startAuditedRun } from "../access/index.ts";
import type { Run as AuditedRun } from "../registry/index.ts";
import { InternalError } from "../tenant/errors.ts";
import type { ProviderConfig } from "../tenant/resources.ts";
import { PROJECT_ROOT } from "./projectRoot.ts";
import { EngineLog } from "./protocol/engineLog.ts";
import type { Run } from "./run.ts";

/** What a provider process is told once. */
export interface ProviderOptions {
  /** Called at every point where tests try a crash. */
  readonly onPoint?: (point: string) => void;
  /** The engine that started this process; one that attaches or shakes hands says its own. */
  readonly engineAddress?: string;
  /** True for stacks whose destroy undoes a failed first run; default: those that `TENANTRY_UNDO` lists, by commas. */
  readonly isUndo?: (stack: string) => boolean;
  /** Folder whose `hooks/` holds the user's listeners; default: the project's root. */
  readonly listenerRoot?: string;
}

/** One gRPC connection: one provider instance of one stack's run. */
export class Connection {
  private config: ProviderConfig | undefined;
  private access: Access | undefined;
  private readonly log = new EngineLog();
  private readonly abort = new AbortController();
  private auditedRun: Promise<AuditedRun> | undefined;
  private readonly madeCalls = new Set<string>();

  private readonly shared: Shared;
  private readonly options: ProviderOptions;
  /** Set by a handshake in which the engine promised to say `preview` with invokes. */
  doesInvokeSayPreview = false;

  constructor(shared: Shared, options: ProviderOptions) {
    this.shared = shared;
    this.options = options;
    this.log.attach(options.engineAddress ?? "");
  }

  configure(config: ProviderConfig): void {
    this.config = config;
    this.access = undefined;
  }

  /** Address of the engine whose output warnings go to. */
  attach(engineAddress: string): void {
    this.log.attach(engineAddress);
  }

  /** Ends waits; what is under way finishes or fails by itself. */
  cancel(): void {
    this.abort.abort();
  }

  /** The configuration; a call before Configure is the engine's or our defect. */
  get configured(): ProviderConfig {
    if (this.config === undefined) throw new InternalError("provider tenantry was called before Configure.");
    return this.config;
  }

  /** What one call of a resource may use. `stack` is the tenant stack, or empty for the platform's resources. */
  run(call: { urn: string; typeName: string; stack: string; isPreview: boolean }): Run {
    const config = this.configured;
    this.access ??= openAccess(config, this.shared);
    return {
      config,
      isPreview: call.isPreview,
      isDryRun: call.isPreview && process.env.TENANTRY_DRY_RUN === "1",
      audited: () => (this.auditedRun ??= startAuditedRun(PROJECT_ROOT)),
      access: this.access,
      signal: this.abort.signal,
      point: (substep) => this.options.onPoint?.(`provider:${call.typeName}:${substep}`),
      listenerRoot: this.options.listenerRoot ?? PROJECT_ROOT,
      madeCalls: this.madeCalls,
      log: (message) => this.log.note(call.urn, message),
      warn: (message) => this.log.warn(call.urn, message),
      isUndo: (this.options.isUndo ?? isListedForUndo)(call.stack),
    };
  }
}

function isListedForUndo(stack: string): boolean {
  return (process.env.TENANTRY_UNDO ?? "").split(",").includes(stack);
}
