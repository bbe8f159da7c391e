import type { DeployEvent, Deployer, RunResult } from "../deploy/index.ts";
import type { OperationContext } from "../operations/index.ts";
import type { EnvironmentConfig } from "../tenant/environmentConfig.ts";
import { UserError } from "../tenant/errors.ts";
import type { CliContext } from "./verb.ts";

const REGISTRATION = "tenantry:index:Registration";

/** What {@link Invitations} needs of a run. */
export interface InvitationsOptions {
  readonly config: EnvironmentConfig;
  readonly deployer: Deployer;
  readonly context: CliContext;
}

/** Sends the invitations of the tenants that a run has just registered; opens nothing before the first. */
export class Invitations {
  readonly #options: InvitationsOptions;
  #opened: Promise<OperationContext & { close(): Promise<void> }> | undefined;

  constructor(options: InvitationsOptions) {
    this.#options = options;
  }

  /** What can't be sent now is told and waits in the outbox: the tenant itself is done. */
  async send(slug: string, result: RunResult, onEvent: (event: DeployEvent) => void): Promise<void> {
    if (!result.changes.some(({ type }) => type === REGISTRATION)) return;
    const note = (text: string) => onEvent({ kind: "note", text });
    const { deliverOutbox } = await import("../operations/index.ts");
    try {
      await deliverOutbox({ ...(await this.#open()), note }, { slugs: [slug] });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      note(`warning: invitations wait in the outbox: ${error.code}: ${error.message}`);
    }
  }

  async close(): Promise<void> {
    // An environment that couldn't be opened was told by `send`.
    await (await this.#opened?.catch(() => undefined))?.close();
  }

  async #open(): Promise<OperationContext> {
    const { config, deployer, context } = this.#options;
    const { openOperations } = await import("../operations/index.ts");
    this.#opened ??= openOperations({
      root: context.root,
      config,
      deployer,
      signal: context.signal,
      isPatient: false,
      note: () => undefined,
    });
    return this.#opened;
  }
}
