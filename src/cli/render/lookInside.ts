import type { Deployer } from "../../deploy/index.ts";
import { namesOf, statusOf, type TenantStatus } from "../../status/index.ts";
import type { TargetOutcome } from "../runTargets.ts";
import { openStatusObserver } from "../session.ts";
import { statusTable } from "../status.ts";
import type { CliContext, CommonOptions } from "../verb.ts";

/** More tenants than this nobody reads at the end of a run: `status` and `list` show them. */
const MAX_SHOWN = 20;

/** Ends an `up` with what is there now, asked anew, and the commands that show more. */
export async function printLookInside(
  outcomes: readonly TargetOutcome[],
  deployer: Deployer,
  options: CommonOptions,
  { io }: CliContext,
): Promise<void> {
  const tenants = outcomes.flatMap(({ target }) => (target.tenant === undefined ? [] : [target.tenant]));
  if (tenants.length === 0 || tenants.length > MAX_SHOWN || outcomes.every(({ exitCode }) => exitCode !== 0))
    return;
  const observer = await openStatusObserver(deployer, options.env);
  try {
    const statuses: TenantStatus[] = [];
    for (const tenant of tenants) statuses.push(statusOf(await observer.observe(namesOf(tenant))));
    io.out(`\n${statusTable(statuses, io.columns)}`);
    const shown = statuses.find(({ status }) => status === "active");
    if (shown !== undefined && options.env === "local")
      io.out(lookInside(shown.slug, shown.cdn.host, deployer.variables));
  } finally {
    await observer.close();
  }
}

function lookInside(slug: string, host: string, variables: Readonly<Record<string, string>>): string {
  const [dnsHost = "", dnsPort = ""] = (variables.TENANTRY_DNS ?? "").split(":");
  return `
Look inside:
  bin/tenantry status ${slug}
  curl -H 'Host: ${host}' ${variables.TENANTRY_FRONT_DOOR ?? ""}/
  dig @${dnsHost} -p ${dnsPort} ${host} CNAME
  bin/tenantry local env        addresses of master, vault, DNS, CDN and servers
  bin/tenantry local status     what runs and where its data is
`;
}
