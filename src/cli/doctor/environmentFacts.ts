import { type CutOffOperation, type Deployer, readCutOffOperations } from "../../deploy/index.ts";
import { armUrl, EdgeUnreachableError, lookupTxt, nameServer } from "../../edge/index.ts";
import { loadEnvironment } from "../../tenant/load.ts";
import { openStatusObserver } from "../session.ts";
import { aheadOf, askService, type ServiceAnswer } from "./askService.ts";

/** What a running environment answers. */
export interface EnvironmentFacts {
  readonly environment: string;
  readonly stacks: readonly string[];
  /** The vaults of the platform stack; none where there is no platform. */
  readonly vaults: readonly ServiceFacts[];
  readonly arm: ServiceFacts;
  readonly dns: DnsFacts;
  /** Master, reached with the secret of the platform's vault. */
  readonly master: MasterFacts;
  /** What cut-off runs left, by stack. */
  readonly interrupted: readonly { readonly stack: string; readonly operation: CutOffOperation }[];
}

export interface ServiceFacts {
  readonly name: string;
  readonly url: string;
  readonly answer: ServiceAnswer;
}

export interface DnsFacts {
  /** `host:port`; undefined for the system's own resolver. */
  readonly server?: string;
  readonly zone: string;
  /** Undefined when it answered, also with "no such record"; else the resolver's words. */
  readonly problem?: string;
}

export type MasterFacts =
  | { readonly state: "absent" }
  | { readonly state: "answers"; readonly tenants: number; readonly aheadMs: number }
  | { readonly state: "failed"; readonly reason: string };

/** Asks everything at once; nothing that fails hides another. */
export async function observeEnvironment(
  deployer: Deployer,
  environment: string,
  root: string,
): Promise<EnvironmentFacts> {
  const stacks = await deployer.listStacks();
  const isThere = stacks.includes(environment);
  const [vaults, arm, dns, master, interrupted] = await Promise.all([
    isThere ? observeVaults(deployer, environment) : [],
    observeService("Resource Manager", armUrl()),
    observeDns(root, environment),
    isThere ? observeMaster(deployer, environment) : ({ state: "absent" } as const),
    Promise.all(stacks.map((stack) => cutOffOf(stack, deployer))),
  ]);
  return { environment, stacks, vaults, arm, dns, master, interrupted: interrupted.flat() };
}

async function observeVaults(deployer: Deployer, environment: string): Promise<readonly ServiceFacts[]> {
  const { platformVaultUrl, tenantVaultUrl } = await deployer.outputs(environment);
  const urls = { "platform's vault": platformVaultUrl, "tenants' vault": tenantVaultUrl };
  const known = Object.entries(urls).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return Promise.all(known.map(([name, url]) => observeService(name, url)));
}

async function observeService(name: string, url: string): Promise<ServiceFacts> {
  return { name, url, answer: await askService(url) };
}

/** Any answer will do: the zone's own records are asked for, and "none" is one. */
export async function observeDns(root: string, environment: string): Promise<DnsFacts> {
  const zone = loadEnvironment(root, environment).config?.zone ?? "";
  const server = nameServer();
  const facts = { zone, ...(server === undefined ? {} : { server }) };
  try {
    await lookupTxt(zone);
    return facts;
  } catch (error) {
    if (!(error instanceof EdgeUnreachableError)) throw error;
    return { ...facts, problem: error.message };
  }
}

async function observeMaster(deployer: Deployer, environment: string): Promise<MasterFacts> {
  try {
    const observer = await openStatusObserver(deployer, environment);
    try {
      const begunAt = Date.now();
      const told = await observer.now();
      const aheadMs = aheadOf(told.getTime(), begunAt, Date.now());
      return { state: "answers", tenants: (await observer.records()).length, aheadMs };
    } finally {
      await observer.close();
    }
  } catch (error) {
    return { state: "failed", reason: error instanceof Error ? error.message : String(error) };
  }
}

async function cutOffOf(stack: string, { variables }: Deployer): Promise<EnvironmentFacts["interrupted"]> {
  const operations = await readCutOffOperations(variables.PULUMI_BACKEND_URL ?? "", stack);
  return operations.map((operation) => ({ stack, operation }));
}
