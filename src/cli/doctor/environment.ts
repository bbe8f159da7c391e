import { type CutOffOperation, type Deployer, readCutOffOperations } from "../../deploy/index.ts";
import { openStatusObserver } from "../session.ts";
import type { Finding } from "./finding.ts";

/** What only a started environment can tell. */
export async function environmentFindings(
  deployer: Deployer,
  environment: string,
): Promise<readonly Finding[]> {
  const stacks = await deployer.listStacks();
  const interrupted = await Promise.all(stacks.map((stack) => interruptedFindings(stack, deployer)));
  return [await masterFinding(deployer, environment, stacks), ...interrupted.flat()];
}

/** Asks vault, then master with what the vault answered. */
async function masterFinding(
  deployer: Deployer,
  environment: string,
  stacks: readonly string[],
): Promise<Finding> {
  const what = "platform";
  if (!stacks.includes(environment)) {
    return {
      what,
      state: "notice",
      found: "not there yet",
      remedy: `\`tenantry up --platform --env ${environment}\` makes it.`,
    };
  }
  try {
    const observer = await openStatusObserver(deployer, environment);
    const records = await observer.records();
    await observer.close();
    return {
      what,
      state: "fine",
      found: `vault and master answer; ${records.length} tenants, ${stacks.length - 1} stacks`,
    };
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return {
      what,
      state: "broken",
      found,
      remedy: "`tenantry local status` shows what runs; `tenantry up --platform` mends what is missing.",
    };
  }
}

/** tenantry's own runs resolve these by themselves; a bare `pulumi` needs the command. */
async function interruptedFindings(stack: string, { variables }: Deployer): Promise<Finding[]> {
  const operations = await readCutOffOperations(variables.PULUMI_BACKEND_URL ?? "", stack);
  return operations.map((operation) => ({
    what: `stack ${stack}`,
    state: "notice" as const,
    found: `an interrupted run left '${operation.kind}' of ${operation.urn.split("::").at(-1)}`,
    remedy: remedyOf(stack, operation),
  }));
}

function remedyOf(stack: string, { kind, importWords }: CutOffOperation): string {
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
