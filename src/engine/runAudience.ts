import { resolve } from "node:path";
import type { CommandContext } from "./commandContext.ts";
import { openDisplay } from "./display/index.ts";
import type { EventLog } from "./eventLog.ts";
import type { StampedEvent } from "./events.ts";
import { RunMonitor } from "./runMonitor.ts";

/** What `--event-log` names; a file is named from the command's folder. */
export function eventLogOf({ invocation, cwd }: CommandContext): string | undefined {
  const target = invocation.flags.get("--event-log");
  return target === undefined || target.startsWith("tcp://") ? target : resolve(cwd, target);
}

/** The monitor of a run that is shown as the command line asks, with its events in `log`. */
export function openMonitor(context: CommandContext, preview: boolean, log: EventLog): RunMonitor {
  const { display, printsEvents } = openDisplay(context.invocation.flags, preview, context);
  const onEvent = (event: StampedEvent): void => {
    log.write(event);
    if (printsEvents) context.out(`${JSON.stringify(event)}\n`);
  };
  return new RunMonitor({ display, preview, onEvent, onPoint: context.onPoint });
}
