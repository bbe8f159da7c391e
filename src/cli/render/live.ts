import { Listr, type ListrTaskWrapper } from "listr2";
import pc from "picocolors";
import { formatMs, type Progress, type ProgressDisplay } from "./progress.ts";

interface Row {
  readonly finish: (error?: Error) => void;
  readonly draw: (progress: Progress) => void;
}

// biome-ignore lint/suspicious/noExplicitAny: listr2 types its renderers by classes that nothing here depends on.
type Task = ListrTaskWrapper<unknown, any, any>;

/** A row a target, redrawn in place: spinner, slug, latest phase, time. */
export function liveDisplay(targets: readonly string[]): ProgressDisplay {
  const rows = new Map<string, Row>();
  const tasks = targets.map((target) => ({
    title: target,
    task: (_: unknown, task: Task) => trackTask(target, task, rows),
  }));
  const list = new Listr(tasks, {
    concurrent: true,
    exitOnError: false,
    rendererOptions: { collapseErrors: false },
  });
  const isDrawn = list.run();
  return {
    show: (progress) => rows.get(progress.target)?.draw(progress),
    close: async () => {
      for (const row of rows.values()) row.finish();
      await isDrawn;
    },
  };
}

function trackTask(target: string, task: Task, rows: Map<string, Row>): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (error?: Error): void => (error === undefined ? resolve() : reject(error));
    rows.set(target, { finish, draw: (progress) => drawTask(task, progress, finish) });
  });
}

function drawTask(task: Task, progress: Progress, finish: (error?: Error) => void): void {
  switch (progress.kind) {
    case "started":
      task.title = progress.target;
      break;
    case "phase":
      task.title = `${progress.target}  ${pc.cyan(progress.phase)}  ${pc.dim(formatMs(progress.atMs))}`;
      break;
    case "note":
      task.output = progress.text;
      break;
    case "finished":
      task.title = `${progress.target}  ${progress.summary}  ${pc.dim(formatMs(progress.tookMs))}`;
      finish();
      break;
    case "failed":
      finish(new Error(`${progress.target}  ${progress.code}: ${progress.message}`));
      break;
  }
}
