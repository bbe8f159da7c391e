import { resolve } from "node:path";
import type { CommandContext } from "./commandContext.ts";
import type { ConfigValue } from "./config.ts";
import { openDisplay } from "./display/index.ts";
import { type EventLog, openEventLog } from "./eventLog.ts";
import type { StampedEvent } from "./events.ts";
import { RunMonitor } from "./runMonitor.ts";

/** Who follows a run. */
export interface RunAudience {
  readonly monitor: RunMonitor;
  /** To be closed when the run is over. */
  readonly log: EventLog;
}

/** Opens what the command line asks for: a display, a log of the events. They are told the config first, secrets blinded. */
export async function openAudience(
  context: CommandContext,
  preview: boolean,
  config: ReadonlyMap<string, ConfigValue>,
): Promise<RunAudience> {
  const log = await openEventLog(eventLogOf(context));
  const { display, printsEvents } = openDisplay(context.invocation.flags, preview, context);
  const onEvent = (event: StampedEvent): void => {
    log.write(event);
    if (printsEvents) context.out(`${JSON.stringify(event)}\n`);
  };
  const monitor = new RunMonitor({ display, preview, onEvent, onPoint: context.onPoint });
  const shown = [...config].map(([key, { value, secret }]) => [key, secret ? "[secret]" : value]);
  monitor.prelude(Object.fromEntries(shown) as Record<string, string>);
  return { monitor, log };
}

/** What `--event-log` names; a file is named from the command's folder. */
function eventLogOf({ invocation, cwd }: CommandContext): string | undefined {
  const target = invocation.flags.get("--event-log");
  return target === undefined || target.startsWith("tcp://") ? target : resolve(cwd, target);
}
