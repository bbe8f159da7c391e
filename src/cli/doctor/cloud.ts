import type { LocalCloudFacts } from "../localDoor.ts";
import { serviceName } from "../render/serviceNames.ts";
import { broken, type Finding, fine, notice } from "./finding.ts";

const WHAT = "local cloud";
const START = "`tenantry local start` starts it, as does every verb that needs it.";

/** What is seen of the local cloud, and what to do. Pure. */
export function cloudFindings(facts: LocalCloudFacts): readonly Finding[] {
  return [stateFinding(facts), ...facts.takenPorts.map(takenFinding), ...stoppedFindings(facts)];
}

function stateFinding({ state, home, problem, pid, servers }: LocalCloudFacts): Finding {
  switch (state) {
    case "unusable":
      return broken(
        WHAT,
        `its home can't be used: ${problem?.message ?? home}`,
        problem?.hint ?? "`tenantry local reset` begins anew and deletes all that is stored.",
      );
    case "absent":
      return notice(WHAT, "not started yet", START);
    case "starting":
      return notice(WHAT, "just starting or ending", "Ask again in a moment.");
    case "stopped":
      return notice(WHAT, `stopped${leftWords(servers)}; what is stored is in ${home}`, START);
    case "running":
      return fine(WHAT, `runs, process ${pid ?? "?"}`);
  }
}

/** PostgreSQL outlives a daemon that was killed. */
function leftWords(servers: LocalCloudFacts["servers"]): string {
  const running = servers.filter(({ isRunning }) => isRunning).map(({ name }) => `'${name}'`);
  return running.length === 0 ? "" : ` (PostgreSQL ${running.join(", ")} still runs)`;
}

function takenFinding({ service, port, owner }: LocalCloudFacts["takenPorts"][number]): Finding {
  const { pid, program } = owner;
  const by = pid === undefined ? "another program" : `process ${pid} ('${program ?? "?"}')`;
  const end =
    pid === undefined
      ? `Find it (as root: \`ss -lntup 'sport = :${port}'\` or \`lsof -nP -i :${port}\`) and end it`
      : `End it (\`kill ${pid}\`) or make it listen elsewhere`;
  return broken(
    `port ${port}`,
    `taken by ${by}; the local cloud's ${serviceName(service)} listens there`,
    `${end}, then \`tenantry local start\`. The port is kept because addresses in state and secrets name it.`,
  );
}

/** A stopped server of a cloud that runs: its daemon starts it at the next `start`. */
function stoppedFindings({ state, servers, home }: LocalCloudFacts): Finding[] {
  if (state !== "running") return [];
  return servers
    .filter(({ isRunning }) => !isRunning)
    .map(({ name }) =>
      broken(
        `PostgreSQL ${name}`,
        "stopped, while the local cloud runs: it was ended or has crashed",
        `\`tenantry local start\` starts it again, with all that was committed. Its log: ${home}/log/postgres-${name}.log`,
      ),
    );
}
