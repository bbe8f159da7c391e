import { planPlacement } from "../operations/index.ts";
import { fillOf, type Levelling } from "../registry/index.ts";
import { renderTable } from "./render/table.ts";
import { UsageError } from "./usage.ts";
import type { CliContext, Verb } from "./verb.ts";
import { withOperations } from "./withOperations.ts";

/** `tenantry placement plan`: how full the servers are, and the moves that would level them. Writes nothing. */
export const placement: Verb = {
  configure: (command) => command.argument("<action>", "plan").addHelpText("after", HELP),
  run: async ([action = "", ...words], options, context) => {
    if (action !== "plan" || words.length > 0)
      throw new UsageError(`\`placement\`: expected plan; got '${[action, ...words].join(" ")}'.`);
    const plan = await withOperations(options, context, planPlacement);
    if (options.json) context.io.out(`${JSON.stringify(factsOf(plan), null, 2)}\n`);
    else print(plan, context);
    return 0;
  },
};

/** Fields of `--json`. */
function factsOf({ moves, stranded, before, after }: Levelling) {
  const servers = before.map((server, index) => {
    const { name, status, region, capacityHint, maxConnections, tenantConnections } = server;
    const use = (tenants: number) => ({ tenants, connections: tenants * tenantConnections });
    const planned = after[index]?.tenantCount ?? server.tenantCount;
    return {
      ...{ name, status, region, capacityHint, maxConnections },
      now: use(server.tenantCount),
      after: use(planned),
    };
  });
  return { servers, moves, stranded };
}

function print({ moves, stranded, before, after }: Levelling, { io }: CliContext): void {
  const rows = before.map((server, index) => {
    const then = after[index] ?? server;
    const { name, status, region, tenantCount, capacityHint, maxConnections, tenantConnections } = server;
    return [
      ...[name, status, region, `${tenantCount}/${capacityHint}`],
      `${tenantCount * tenantConnections}/${maxConnections}`,
      ...[percent(fillOf(server)), percent(fillOf(then))],
    ];
  });
  io.out(
    renderTable(["SERVER", "STATUS", "REGION", "TENANTS", "CONNECTIONS", "FULL", "AFTER"], rows, io.columns),
  );
  if (moves.length === 0) io.out("Nothing to move.\n");
  for (const { slug, from, to } of moves) io.out(`tenantry move ${slug} --to ${to}    # off ${from}\n`);
  for (const slug of stranded) io.out(`${slug} should leave its server, and nowhere is room for it.\n`);
}

function percent(fill: number): string {
  return `${Math.round(fill * 100)}%`;
}

const HELP = `
FULL is the tighter of tenants and connections. Servers that are draining or inactive are to be emptied; active ones are levelled.
A tenant whose entry names its server stays there unless that server is to be emptied.
`;
