import { appendFileSync } from "node:fs";

/**
 * What happens at a point where tests try a crash, undefined when nobody asked. `TENANTRY_POINTS_FILE` collects the
 * names of a run; `TENANTRY_KILL_AT=<point>[#<occurrence>]` kills this process there, as a power cut would.
 */
export function killPointsOf(variables: NodeJS.ProcessEnv): ((point: string) => void) | undefined {
  const { TENANTRY_POINTS_FILE: file, TENANTRY_KILL_AT: wanted } = variables;
  if (file === undefined && wanted === undefined) return undefined;
  const { point: killAt, occurrence } = parseKillAt(wanted ?? "");
  let seen = 0;
  return (point) => {
    if (file !== undefined) appendFileSync(file, `${point}\n`);
    if (point !== killAt) return;
    seen += 1;
    if (seen === occurrence) process.kill(process.pid, "SIGKILL");
  };
}

/** `<point>#3` is the third time a run comes by; without a number, the first. */
function parseKillAt(text: string): { readonly point: string; readonly occurrence: number } {
  const match = /^(.*)#(\d+)$/.exec(text);
  if (match === null) return { point: text, occurrence: 1 };
  return { point: match[1] ?? "", occurrence: Number(match[2]) };
}
