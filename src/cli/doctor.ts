import { environmentFindings } from "./doctor/environment.ts";
import type { Finding } from "./doctor/finding.ts";
import { machineFindings } from "./doctor/machine.ts";
import { withDeployer } from "./runTargets.ts";
import { openSession } from "./session.ts";
import type { Verb } from "./verb.ts";

/** Exit code when something is broken. */
const EXIT_BROKEN = 1;

/** `tenantry doctor`: looks at machine and environment; never writes but for starting the local cloud. */
export const doctor: Verb = {
  configure: (command) => command,
  run: async (_args, options, context) => {
    const machine = await machineFindings(options, context.root);
    const isHopeless = machine.some(({ state }) => state === "broken");
    const findings = isHopeless
      ? machine
      : [
          ...machine,
          ...(await withDeployer(await openSession(options, context), (deployer) =>
            environmentFindings(deployer, options.env),
          )),
        ];
    if (options.json) context.io.out(`${JSON.stringify(findings, null, 2)}\n`);
    else context.io.out(findings.map(wordFinding).join(""));
    return findings.some(({ state }) => state === "broken") ? EXIT_BROKEN : 0;
  },
};

const SIGNS = { fine: "ok     ", notice: "notice ", broken: "BROKEN " } as const;

function wordFinding({ state, what, found, remedy }: Finding): string {
  return `${SIGNS[state]}${what}: ${found}\n${remedy === undefined ? "" : `         ${remedy.replaceAll("\n", "\n         ")}\n`}`;
}
