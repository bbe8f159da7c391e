import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import { openProvider } from "../provider/index.ts";
import { UserError } from "../tenant/errors.ts";
import { loadEnvironment, stackFilePath } from "../tenant/load.ts";
import { refuseProblems } from "../tenant/problems.ts";
import type { DeployerOptions } from "./deployer.ts";
import { chooseEngine, type EngineName, LOCAL } from "./engineChoice.ts";
import { killPointsOf } from "./killPoints.ts";
import { findLocalCloud, openEmbeddedEngine, startLocalCloud } from "./localDoors.ts";
import { findOfficialCli } from "./officialCommand.ts";

/** An engine that is ready to run stacks of one environment. */
export interface EngineSetup {
  readonly name: EngineName;
  readonly command: PulumiCommand;
  /** Path of the official CLI; undefined for the embedded engine. */
  readonly officialPath?: string;
  /** Absolute path of `stacks/Pulumi.<env>.yaml`. */
  readonly configFile: string;
  /** URL of the key that new stacks' secrets are encrypted with; none where a passphrase does it. */
  readonly secretsProvider?: string;
  readonly variables: Readonly<Record<string, string>>;
  /** Stacks whose destroy is an undo right now. */
  readonly undoing: Set<string>;
  close(): Promise<void>;
}

/** Starts what the environment needs: the local cloud for `local`, our provider in process for the embedded engine. */
export async function setUpEngine(options: DeployerOptions): Promise<EngineSetup> {
  const name = chooseEngine(options.environment, options.engine);
  const { configFile, secretsProvider } = configFileOf(options.root, options.environment);
  const enter = options.isOnlyLooking === true ? findLocalCloud : startLocalCloud;
  const cloud = options.environment === LOCAL ? await enter(options.root) : undefined;
  const shared = {
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_OPTION_CONFIG_FILE: configFile,
    ...(options.isDryRun === true ? { TENANTRY_DRY_RUN: "1" } : {}),
    ...cloud?.variables,
  };
  const undoing = new Set<string>();
  if (name === "embedded") return setUpEmbedded(configFile, shared, undoing, cloud?.environment.home);
  const { path: officialPath, command } = await findOfficialCli(process.env);
  return {
    name,
    command,
    officialPath,
    configFile,
    ...(secretsProvider === undefined ? {} : { secretsProvider }),
    variables: shared,
    undoing,
    close: async () => undefined,
  };
}

/** Program and provider run in this process and read its variables; the engine gets the same by each run. */
async function setUpEmbedded(
  configFile: string,
  shared: Readonly<Record<string, string>>,
  undoing: Set<string>,
  localHome: string | undefined,
): Promise<EngineSetup> {
  Object.assign(process.env, shared);
  const onPoint = killPointsOf(process.env);
  const provider = openProvider({
    ...(onPoint === undefined ? {} : { onPoint }),
    isUndo: (stack) => undoing.has(stack),
  });
  // The local environment's passphrase is in every checkout.
  const keyFolder = localHome === undefined ? undefined : join(localHome, "keys");
  const command = await openEmbeddedEngine(onPoint, keyFolder, { tenantry: () => provider.instance() });
  const close = () => provider.close();
  return { name: "embedded", command, configFile, variables: shared, undoing, close };
}

/** A file that is wrong, or without its encryption, is refused here: Pulumi would make one up and rewrite the file. */
function configFileOf(
  root: string,
  environment: string,
): Pick<EngineSetup, "configFile" | "secretsProvider"> {
  const path = stackFilePath(environment);
  if (!existsSync(join(root, path))) {
    throw new UserError("E_NO_CONFIG", `${path}: expected an environment's config; got no such file.`, {
      hint: "Each environment is one `stacks/Pulumi.<env>.yaml`.",
    });
  }
  const { problems, secretsProvider } = loadEnvironment(root, environment);
  refuseProblems(problems);
  const configFile = resolve(root, path);
  return secretsProvider === undefined ? { configFile } : { configFile, secretsProvider };
}
