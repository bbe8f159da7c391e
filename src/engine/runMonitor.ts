import type { Reporter } from "./deploymentContext.ts";
import type { Display } from "./display/index.ts";
import { isRefusal } from "./errors.ts";
import {
  type Diagnostic,
  type EngineEvent,
  type Severity,
  type StampedEvent,
  type Summary,
  stepMetadata,
} from "./events.ts";
import { asPlanned, isInternal, isLogical, type Step, type StepOp, subjectOf } from "./step.ts";
import type { StepObserver } from "./stepExecutor.ts";
import { equalMaps } from "./value.ts";

/** Who is told what happens in a run. */
export interface Audience {
  readonly display: Display;
  readonly preview: boolean;
  /** Takes every event in its official form. */
  readonly onEvent: (event: StampedEvent) => void;
  readonly onPoint: (point: string) => void;
}

/** Turns what happens in a run into events and counts; displays and logs only consume them. */
export class RunMonitor implements StepObserver, Reporter {
  readonly #audience: Audience;
  readonly #counts = new Map<string, number>();
  readonly #startMs = Date.now();
  #sequence = 0;
  #hasErrors = false;
  #isRefused = false;
  #isCanceled = false;

  constructor(audience: Audience) {
    this.#audience = audience;
  }

  #emit(event: EngineEvent): void {
    const timestamp = Math.floor(Date.now() / 1000);
    this.#audience.onEvent({ sequence: this.#sequence++, timestamp, ...event });
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
    this.#emit({ preludeEvent: { config } });
    this.#audience.display.prelude?.(config);
  }

  point(name: string): void {
    this.#audience.onPoint(name);
  }

  /** The same for steps that change nothing by themselves: a refresh before an update is told, not counted. */
  uncounted(): StepObserver {
    return {
      before: (step) => this.before(step),
      after: (step) => this.#told(step, step.op),
      failed: (step) => this.failed(step),
      outputs: (step) => this.outputs(step),
      point: (name) => this.point(name),
    };
  }

  before(step: Step): void {
    const planning = this.#audience.preview || undefined;
    this.#emit({ resourcePreEvent: { metadata: stepMetadata(asPlanned(step)), planning } });
    if (!isInternal(step)) this.#audience.display.before?.(step);
  }

  after(step: Step): void {
    const op = step.found ?? step.op;
    if (isLogical(step.op) && isCounted(step)) this.#counts.set(op, (this.#counts.get(op) ?? 0) + 1);
    this.#told(step, op);
  }

  outputs(step: Step): void {
    this.#outputsEvent(step, step.op);
    this.#audience.display.outputs?.(step);
  }

  /** A component that is there is told by its outputs; a preview tells it twice, as the official engine does. */
  #told(step: Step, op: StepOp): void {
    const isDone = subjectOf(step).custom || step.op === "delete" || step.op === "refresh";
    if (isDone || this.#audience.preview) this.#outputsEvent(step, op);
    if (!isInternal(step)) this.#audience.display.after?.(step);
  }

  #outputsEvent(step: Step, op: StepOp): void {
    const planning = this.#audience.preview || undefined;
    this.#emit({ resOutputsEvent: { metadata: stepMetadata(step, op), planning } });
  }

  failed(step: Step): void {
    this.#emit({ resOpFailedEvent: { metadata: stepMetadata(step), status: 0, steps: 0 } });
    this.#audience.display.failed?.(step);
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
    const diagnostic: Diagnostic = { urn, severity, message: text };
    const prefix = `${severity === "info#err" ? "info" : severity}: `;
    this.#emit({ diagnosticEvent: { ...diagnostic, color: "never", prefix } });
    this.#audience.display.diagnostic?.(diagnostic);
  }

  /** Ends the run's events with its counts. */
  summary(): void {
    const durationSeconds = Math.round((Date.now() - this.#startMs) / 1000);
    const summary: Summary = {
      maybeCorrupt: false,
      durationSeconds,
      resourceChanges: this.changes,
      PolicyPacks: {},
      isPreview: this.#audience.preview,
      result: this.#isCanceled ? "canceled" : this.#hasErrors ? "failed" : "succeeded",
    };
    this.#emit({ summaryEvent: summary });
    this.#audience.display.summary?.(summary);
    this.#emit({ cancelEvent: {} });
  }

  /** The run was stopped from outside. */
  cancel(): void {
    this.#isCanceled = true;
    this.error("", "update canceled");
  }
}

/** A read counts only when it found something new; a skipped create never. */
function isCounted(step: Step): boolean {
  const { op, old, after, isSkippedCreate } = step;
  if (isSkippedCreate || isInternal(step)) return false;
  if (op !== "read") return true;
  return old !== undefined && after !== undefined && !equalMaps(old.outputs, after.outputs);
}
