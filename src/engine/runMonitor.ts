import type { Reporter } from "./deploymentContext.ts";
import { isRefusal } from "./errors.ts";
import type { EventLog } from "./eventLog.ts";
import { type Severity, stepMetadata } from "./events.ts";
import { isInternal, isLogical, type Step, type StepOp, subjectOf } from "./step.ts";
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

/** How much a run prints. */
export interface RunDisplay {
  readonly preview: boolean;
  /** Names the properties of each changed resource: `--diff`. */
  readonly isDetailed: boolean;
  /** No line for each step: `--suppress-progress`. */
  readonly isQuiet: boolean;
}

export function displayOf(flags: ReadonlyMap<string, string>, preview: boolean): RunDisplay {
  return { preview, isDetailed: flags.has("--diff"), isQuiet: flags.has("--suppress-progress") };
}

/** Signs of property changes. */
const PROPERTY_SIGNS: Readonly<Record<string, string>> = { add: "+", delete: "-", update: "~" };

/** Turns what happens in a run into events, lines and counts; displays only consume them. */
export class RunMonitor implements StepObserver, Reporter {
  readonly #log: EventLog;
  readonly #output: Output;
  readonly #display: RunDisplay;
  readonly #onPoint: (point: string) => void;
  readonly #counts = new Map<string, number>();
  readonly #startMs = Date.now();
  #hasErrors = false;
  #isRefused = false;

  constructor(log: EventLog, output: Output, display: RunDisplay, onPoint: (point: string) => void) {
    this.#log = log;
    this.#output = output;
    this.#display = display;
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

  /** The same for steps that change nothing by themselves: a refresh before an update is told, not counted. */
  uncounted(): StepObserver {
    return {
      before: (step) => this.before(step),
      after: (step) => this.#told(step, step.op),
      outputs: (step) => this.outputs(step),
      failed: (step) => this.failed(step),
      point: (name) => this.point(name),
    };
  }

  before(step: Step): void {
    this.#log.write({ resourcePreEvent: { metadata: stepMetadata(step), planning: this.#display.preview } });
  }

  after(step: Step): void {
    const op = step.found ?? step.op;
    if (isLogical(step.op) && isCounted(step)) this.#counts.set(op, (this.#counts.get(op) ?? 0) + 1);
    this.#told(step, op);
  }

  outputs(step: Step): void {
    this.#outputsEvent(step, step.op);
  }

  /** A component that is there is told by its outputs; a preview tells it twice, as the official engine does. */
  #told(step: Step, op: StepOp): void {
    const isDone = subjectOf(step).custom || step.op === "delete" || step.op === "refresh";
    if (isDone || this.#display.preview) this.#outputsEvent(step, op);
    if (!isInternal(step)) this.#line(step);
  }

  #outputsEvent(step: Step, op: StepOp): void {
    const metadata = stepMetadata(step, op);
    this.#log.write({ resOutputsEvent: { metadata, planning: this.#display.preview } });
  }

  failed(step: Step): void {
    this.#log.write({ resOpFailedEvent: { metadata: stepMetadata(step), status: 0, steps: 0 } });
    this.#output.out(` !  ${labelOf(step.urn)} ${step.op} failed\n`);
  }

  #line(step: Step): void {
    const words = WORDS[step.op];
    if (words === undefined || step.found === "same" || this.#display.isQuiet) return;
    const [sign, done] = words;
    const verb = this.#display.preview ? `will be ${done}` : step.found === "delete" ? "is gone" : done;
    this.#output.out(` ${sign} ${labelOf(step.urn)} ${verb}\n`);
    if (this.#display.isDetailed) for (const line of propertyLines(step)) this.#output.out(line);
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

  /** A line that the program printed; one on stderr is no error by itself. */
  programLine(line: string, isError: boolean): void {
    this.#diagnostic("", isError ? "info#err" : "info", line);
  }

  #diagnostic(urn: string, severity: Severity, message: string): void {
    const text = message.endsWith("\n") ? message : `${message}\n`;
    const prefix = `${severity === "info#err" ? "info" : severity}: `;
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
        isPreview: this.#display.preview,
      },
    });
    const counts = [...this.#counts].map(([op, count]) => `${count} ${op}`);
    this.#output.out(`Resources: ${counts.length === 0 ? "none" : counts.join(", ")}\n`);
    this.#log.write({ cancelEvent: {} });
  }
}

/** A line for each changed property; values are left out, for they may be secret. */
function propertyLines({ detailedDiff, diffs }: Step): readonly string[] {
  const changes = Object.entries(detailedDiff ?? {}).map(
    ([path, { kind }]) => [path, kind.replace(/-replace$/, "")] as const,
  );
  const known = changes.length > 0 ? changes : diffs.map((path) => [path, "update"] as const);
  return known.map(([path, kind]) => `      ${PROPERTY_SIGNS[kind] ?? "~"} ${path}\n`);
}

function labelOf(urn: string): string {
  return `${typeOfUrn(urn)} ${nameOfUrn(urn)}`;
}

/** A read counts only when it found something new; a skipped create never. */
function isCounted(step: Step): boolean {
  const { op, old, after, isSkippedCreate } = step;
  if (isSkippedCreate || isInternal(step)) return false;
  if (op !== "read") return true;
  return old !== undefined && after !== undefined && !equalMaps(old.outputs, after.outputs);
}
