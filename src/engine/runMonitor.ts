import type { Reporter } from "./deploymentContext.ts";
import { isRefusal } from "./errors.ts";
import type { EventLog } from "./eventLog.ts";
import { type Severity, stepMetadata } from "./events.ts";
import { isInternal, isLogical, type Step, type StepOp } from "./step.ts";
import type { StepObserver } from "./stepExecutor.ts";
import { nameOfUrn, typeOfUrn } from "./urn.ts";
import { equalMaps } from "./value.ts";

/** Where a run's lines go: progress to stdout, diagnostics to stderr. */
export interface Output {
  out(text: string): void;
  err(text: string): void;
}

/** Past tense and sign of each operation in progress lines. */
const WORDS: Readonly<Partial<Record<StepOp, readonly [sign: string, done: string]>>> = {
  create: ["+", "created"],
  update: ["~", "updated"],
  delete: ["-", "deleted"],
  replace: ["+-", "replaced"],
  "create-replacement": ["++", "created replacement"],
  "delete-replaced": ["--", "deleted original"],
  read: [">", "read"],
  "read-replacement": [">>", "read replacement"],
  refresh: ["~", "refreshed"],
  import: ["=", "imported"],
  discard: ["<", "discarded"],
  "discard-replaced": ["<<", "discarded original"],
};

/** Turns what happens in a run into events, lines and counts; displays only consume them. */
export class RunMonitor implements StepObserver, Reporter {
  readonly #log: EventLog;
  readonly #output: Output;
  readonly #preview: boolean;
  readonly #onPoint: (point: string) => void;
  readonly #counts = new Map<string, number>();
  readonly #startMs = Date.now();
  #hasErrors = false;
  #isRefused = false;

  constructor(log: EventLog, output: Output, preview: boolean, onPoint: (point: string) => void) {
    this.#log = log;
    this.#output = output;
    this.#preview = preview;
    this.#onPoint = onPoint;
  }

  get hasErrors(): boolean {
    return this.#hasErrors;
  }

  /** Whether an error was about something that this engine doesn't do. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** How many resources each operation was for. */
  get changes(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  get isChanged(): boolean {
    return [...this.#counts.keys()].some((op) => op !== "same" && op !== "read");
  }

  prelude(config: Readonly<Record<string, string>>): void {
    this.#log.write({ preludeEvent: { config } });
  }

  point(name: string): void {
    this.#onPoint(name);
  }

  before(step: Step): void {
    if (isInternal(step)) return;
    this.#log.write({ resourcePreEvent: { metadata: stepMetadata(step), planning: this.#preview } });
  }

  after(step: Step): void {
    if (isInternal(step)) return;
    const op = step.found ?? step.op;
    if (isLogical(step.op) && isCounted(step)) this.#counts.set(op, (this.#counts.get(op) ?? 0) + 1);
    this.#log.write({ resOutputsEvent: { metadata: stepMetadata(step), planning: this.#preview } });
    this.#line(step);
  }

  failed(step: Step): void {
    this.#log.write({ resOpFailedEvent: { metadata: stepMetadata(step), status: 0, steps: 0 } });
    this.#output.out(` !  ${labelOf(step.urn)} ${step.op} failed\n`);
  }

  #line(step: Step): void {
    const words = WORDS[step.op];
    if (words === undefined || step.found === "same") return;
    const [sign, done] = words;
    const verb = this.#preview ? `will be ${done}` : step.found === "delete" ? "is gone" : done;
    this.#output.out(` ${sign} ${labelOf(step.urn)} ${verb}\n`);
  }

  error(urn: string, message: string, cause?: unknown): void {
    this.#hasErrors = true;
    this.#isRefused ||= isRefusal(cause);
    this.#diagnostic(urn, "error", message);
  }

  warn(urn: string, message: string): void {
    this.#diagnostic(urn, "warning", message);
  }

  info(urn: string, message: string): void {
    this.#diagnostic(urn, "info", message);
  }

  #diagnostic(urn: string, severity: Severity, message: string): void {
    const text = message.endsWith("\n") ? message : `${message}\n`;
    const prefix = `${severity}: `;
    this.#log.write({ diagnosticEvent: { urn, severity, message: text, color: "never", prefix } });
    const label = urn === "" ? "" : `${labelOf(urn)}: `;
    if (severity === "info") this.#output.out(`${prefix}${label}${text}`);
    else this.#output.err(`${prefix}${label}${text}`);
  }

  /** Ends the run's events with its counts. */
  summary(): void {
    const durationSeconds = Math.round((Date.now() - this.#startMs) / 1000);
    this.#log.write({
      summaryEvent: {
        maybeCorrupt: false,
        durationSeconds,
        resourceChanges: this.changes,
        policyPacks: {},
        isPreview: this.#preview,
      },
    });
    const counts = [...this.#counts].map(([op, count]) => `${count} ${op}`);
    this.#output.out(`Resources: ${counts.length === 0 ? "none" : counts.join(", ")}\n`);
    this.#log.write({ cancelEvent: {} });
  }
}

function labelOf(urn: string): string {
  return `${typeOfUrn(urn)} ${nameOfUrn(urn)}`;
}

/** A read counts only when it found something new; a skipped create never. */
function isCounted({ op, old, after, isSkippedCreate }: Step): boolean {
  if (isSkippedCreate) return false;
  if (op !== "read") return true;
  return old !== undefined && after !== undefined && !equalMaps(old.outputs, after.outputs);
}
