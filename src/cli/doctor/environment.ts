import type { CutOffOperation } from "../../deploy/index.ts";
import type { EnvironmentFacts, ServiceFacts } from "./environmentFacts.ts";
import { broken, type Finding, fine, notice } from "./finding.ts";

/** What a token's reader forgives: https://learn.microsoft.com/dotnet/api/microsoft.identitymodel.tokens.tokenvalidationparameters.clockskew, default 300 s. */
const TOKEN_SKEW_MS = 300_000;
/** Enough to be told: NTP keeps clocks within milliseconds. */
const NOTICED_SKEW_MS = 30_000;

/** Certificates that nobody here vouches for, as OpenSSL names them. */
const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO|DEPTH_ZERO|ERR_TLS|ERR_SSL/;

/** What an environment's facts mean and what to do. Pure. */
export function environmentFindings(facts: EnvironmentFacts): readonly Finding[] {
  return [
    platformFinding(facts),
    ...facts.vaults.map((vault) => serviceFinding(vault, facts.environment)),
    serviceFinding(facts.arm, facts.environment),
    dnsFinding(facts),
    ...clockFindings(facts),
    ...facts.interrupted.map(({ stack, operation }) => interruptedFinding(stack, operation)),
  ];
}

function platformFinding({ environment, master, stacks }: EnvironmentFacts): Finding {
  const what = "platform";
  switch (master.state) {
    case "absent":
      return notice(what, "not there yet", `\`tenantry up --platform --env ${environment}\` makes it.`);
    case "answers":
      return fine(
        what,
        `vault and master answer; ${master.tenants} tenants, ${stacks.length - 1} tenant stacks`,
      );
    case "failed":
      return broken(
        what,
        master.reason,
        environment === "local"
          ? "`tenantry local status` shows what runs; `tenantry up --platform` mends what is missing."
          : `Master's URL is secret 'master-read' of the platform's vault; \`tenantry up --platform --env ${environment}\` mends what is missing.`,
      );
  }
}

function serviceFinding({ name, url, answer }: ServiceFacts, environment: string): Finding {
  if (answer.isAnswered && answer.statusCode < 500) return fine(name, `answers at ${url}`);
  if (answer.isAnswered)
    return broken(
      name,
      `answers HTTP ${answer.statusCode} at ${url}`,
      "Ask again; it is the service's own fault.",
    );
  const found = `doesn't answer at ${url}: ${answer.reason}`;
  if (UNTRUSTED.test(answer.code)) return broken(name, found, trustRemedy(environment));
  return broken(
    name,
    found,
    environment === "local"
      ? "`tenantry local status` shows what runs; `tenantry local stop`, then `tenantry up --platform` brings back what is missing."
      : "Check that this machine resolves the name and that firewall and private endpoint let it in: docs/azure.md.",
  );
}

function trustRemedy(environment: string): string {
  const trusted = "Its certificate is by an authority that this machine doesn't trust";
  return environment === "local"
    ? `${trusted}: NODE_EXTRA_CA_CERTS must name this local cloud's (\`eval "$(bin/tenantry local env)"\`).`
    : `${trusted}: a proxy in between? Name its authority in NODE_EXTRA_CA_CERTS.`;
}

function dnsFinding({ environment, dns: { server, zone, problem }, master }: EnvironmentFacts): Finding {
  const who = server ?? "the system's resolver";
  if (problem === undefined) return fine("DNS", `${who} answers for ${zone}`);
  const isRefused = problem.startsWith("EREFUSED") || problem.includes("EREFUSED");
  if (isRefused && master.state === "absent")
    return fine("DNS", `${who} answers; it has no zone ${zone} before the platform is there`);
  if (isRefused)
    return broken(
      "DNS",
      `${who} has no zone ${zone}`,
      `\`tenantry up --platform --env ${environment}\` makes it.`,
    );
  return broken(
    "DNS",
    `no answer: ${problem}`,
    server === undefined
      ? `Check /etc/resolv.conf and that UDP and TCP port 53 are let out; \`dig ${zone} TXT\` asks the same.`
      : `\`tenantry local status\` shows whether it runs, \`tenantry local stop\` and \`start\` bring it back; TENANTRY_DNS names it.`,
  );
}

/** One finding for all clocks, by the worst. */
function clockFindings({ vaults, arm, master }: EnvironmentFacts): Finding[] {
  const services = [...vaults, arm].flatMap(({ name, answer }) =>
    answer.isAnswered && answer.aheadMs !== undefined ? [{ name, aheadMs: answer.aheadMs }] : [],
  );
  const clocks = master.state === "answers" ? [...services, { name: "master", ...master }] : services;
  const [worst] = [...clocks].sort((a, b) => Math.abs(b.aheadMs) - Math.abs(a.aheadMs));
  if (worst === undefined) return [];
  const skewMs = Math.abs(worst.aheadMs);
  const names = clocks.map(({ name }) => name).join(", ");
  if (skewMs < NOTICED_SKEW_MS) return [fine("clock", `as that of ${names}`)];
  const found = `this machine's is ${Math.round(skewMs / 1000)} s ${worst.aheadMs > 0 ? "ahead of" : "behind"} that of ${worst.name}`;
  const remedy = `Set it by a time server (\`timedatectl set-ntp true\`): tokens are refused from ${TOKEN_SKEW_MS / 60_000} minutes on.`;
  return [skewMs < TOKEN_SKEW_MS ? notice("clock", found, remedy) : broken("clock", found, remedy)];
}

/** tenantry's own runs resolve these by themselves; a bare `pulumi` needs the command. */
function interruptedFinding(stack: string, operation: CutOffOperation): Finding {
  return notice(
    `stack ${stack}`,
    `an interrupted run left '${operation.kind}' of ${operation.urn.split("::").at(-1)}`,
    interruptedRemedy(stack, operation),
  );
}

function interruptedRemedy(stack: string, { kind, importWords }: CutOffOperation): string {
  const own = "The next `tenantry up` or `destroy` of it resolves this by itself. With a bare `pulumi`:";
  const clear = `pulumi refresh --stack ${stack} --yes --skip-preview --clear-pending-creates`;
  if (kind !== "creating") return `${own} its next run does it again.`;
  if (importWords === undefined) return `${own}\n${clear}`;
  return `${own}\n${clear}\nand, if it was made,\npulumi ${importWords.map(quote).join(" ")}`;
}

/** One word for a shell: URNs hold `$`. */
function quote(word: string): string {
  return /^[\w./:=@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
