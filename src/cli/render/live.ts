import { Listr, type ListrTaskWrapper } from "listr2";
import pc from "picocolors";
import { formatMs, type Progress, type ProgressDisplay, wavesOf } from "./progress.ts";

/** How often a row's time is drawn anew. */
const TICK_MS = 1000;

// biome-ignore lint/suspicious/noExplicitAny: listr2 types its renderers by classes that nothing here depends on.
type Task = ListrTaskWrapper<unknown, any, any>;

// A failure is its row: code, message and what to do.
const ROW_OPTIONS = { collapseErrors: false, showErrorMessage: false };

/** A row a target, redrawn in place: spinner, slug, latest phase, time. They begin in order, `parallel` of them at once. */
export function liveDisplay(targets: readonly string[], parallel = 1): ProgressDisplay {
  const width = Math.max(...targets.map((target) => target.length), 0);
  const rows = new Map(targets.map((target) => [target, new Row(target.padEnd(width))]));
  const tasksOf = (names: readonly string[]) => names.map((name) => taskOf(rows.get(name) as Row));
  const options = { concurrent: parallel, exitOnError: false, rendererOptions: ROW_OPTIONS };
  // A row that listr2 has begun spins: those that wait for the platform are shown when it has ended.
  const waves = wavesOf(targets, (target) => target).map((wave) => ({
    task: (_: unknown, task: Task) => task.newListr(tasksOf(wave), options),
  }));
  // On Ctrl-C it would end the process in the middle of a step; ours lets the step finish.
  const list = new Listr(parallel === 1 ? tasksOf(targets) : waves, {
    ...options,
    concurrent: 1,
    registerSignalListeners: false,
  });
  const isDrawn = list.run();
  const ticking = setInterval(() => {
    for (const row of rows.values()) row.tick();
  }, TICK_MS);
  return {
    show: (progress) => rows.get(progress.target)?.show(progress),
    close: async () => {
      clearInterval(ticking);
      for (const row of rows.values()) row.finish();
      await isDrawn;
    },
  };
}

function taskOf(row: Row) {
  return {
    title: row.title,
    task: (_: unknown, task: Task) => row.run(task),
    // Warnings and what to do about a failure stay.
    rendererOptions: { persistentOutput: true, outputBar: Number.POSITIVE_INFINITY },
  };
}

/** One target's row, also before listr2 has come to it. */
class Row {
  readonly #name: string;
  readonly #settled: Promise<void>;
  #settle: (error?: Error) => void = () => undefined;
  #task: Task | undefined;
  #title: string;
  readonly #notes: string[] = [];
  #startedAt: number | undefined;
  #state: "waiting" | "begun" | "ended" = "waiting";
  /** What the target is at; a phase outlasts the steps that it is made of. */
  #doing = "";
  #hasPhase = false;

  constructor(name: string) {
    this.#name = name;
    this.#title = name;
    this.#settled = new Promise((resolve, reject) => {
      this.#settle = (error) => (error === undefined ? resolve() : reject(error));
    });
    // It may fail before listr2 asks.
    this.#settled.catch(() => undefined);
  }

  get title(): string {
    return this.#title;
  }

  /** What listr2 waits for: a row that was never begun is one that was left out. */
  async run(task: Task): Promise<void> {
    this.#task = task;
    this.#draw();
    await this.#settled;
    if (this.#state === "waiting") task.skip([this.#name, ...this.#notes].join("  "));
  }

  finish(): void {
    this.#settle();
  }

  tick(): void {
    if (this.#state !== "begun" || this.#startedAt === undefined) return;
    const ms = Math.floor((performance.now() - this.#startedAt) / TICK_MS) * TICK_MS;
    const words = [this.#name, this.#doing, ms === 0 ? "" : pc.dim(formatMs(ms))];
    this.#title = words.filter((word) => word !== "").join("  ");
    this.#draw();
  }

  show(progress: Progress): void {
    switch (progress.kind) {
      case "started":
        this.#startedAt = performance.now();
        this.#state = "begun";
        break;
      case "phase":
        this.#hasPhase = true;
        this.#doing = pc.cyan(progress.phase);
        break;
      case "step":
        if (!this.#hasPhase) this.#doing = pc.dim(progress.resource);
        break;
      case "note":
        this.#notes.push(progress.text);
        break;
      case "finished":
        this.#end(`${progress.summary}  ${pc.dim(formatMs(progress.tookMs))}`);
        this.finish();
        break;
      case "failed":
        if (progress.hint !== undefined) this.#notes.push(progress.hint);
        this.#end(`${pc.red(progress.code)}: ${progress.message}`);
        this.#settle(new Error(progress.code));
        break;
    }
    this.tick();
  }

  #end(words: string): void {
    this.#state = "ended";
    this.#title = `${this.#name}  ${words}`;
    this.#draw();
  }

  #draw(): void {
    if (this.#task === undefined) return;
    this.#task.title = this.#title;
    if (this.#state !== "waiting") for (const note of this.#notes.splice(0)) this.#task.output = note;
  }
}
