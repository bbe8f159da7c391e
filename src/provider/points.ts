import { appendFileSync } from "node:fs";

/**
 * What a plugin process does at a point where tests try a crash. `TENANTRY_POINTS_FILE` collects the names;
 * `TENANTRY_KILL_AT=<point>[#<occurrence>]` kills this process and the engine that started it, as a power cut would.
 */
export function pointsFromEnvironment(environment: NodeJS.ProcessEnv): ((point: string) => void) | undefined {
  const { TENANTRY_POINTS_FILE: file, TENANTRY_KILL_AT: wanted } = environment;
  if (file === undefined && wanted === undefined) return undefined;
  const [, killAt, occurrence = "1"] = /^(.*?)(?:#(\d+))?$/.exec(wanted ?? "") ?? [];
  let left = Number(occurrence);
  return (point) => {
    if (file !== undefined) appendFileSync(file, `${point}\n`);
    if (point !== killAt) return;
    left -= 1;
    if (left === 0) killTree();
  };
}

function killTree(): void {
  process.kill(process.ppid, "SIGKILL");
  process.kill(process.pid, "SIGKILL");
}
