import { existsSync, statSync } from "node:fs";
import { basename, delimiter, dirname, join, resolve } from "node:path";
import { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import { UserError } from "../tenant/errors.ts";

/** Where the official CLI is. */
export interface OfficialCli {
  /** Path of the executable. */
  readonly path: string;
  readonly command: PulumiCommand;
}

const EXECUTABLE = process.platform === "win32" ? "pulumi.exe" : "pulumi";

/** Finds the official `pulumi`: `TENANTRY_PULUMI` names it or its installation, otherwise PATH. Throws UserError. */
export async function findOfficialCli(variables: NodeJS.ProcessEnv): Promise<OfficialCli> {
  const path = officialPath(variables);
  if (path === undefined) {
    const named = variables.TENANTRY_PULUMI;
    const where = named === undefined ? "on PATH" : `at '${named}' (TENANTRY_PULUMI)`;
    throw new UserError("E_NOT_SUPPORTED", `engine 'official': no \`pulumi\` ${where}.`, {
      hint: "Install it from https://www.pulumi.com/docs/install/, or name it in TENANTRY_PULUMI; `--engine embedded` needs none, for `local`.",
    });
  }
  return { path, command: await commandAt(path) };
}

/** Path of the official CLI without running it, undefined when there is none. */
export function officialPath({ TENANTRY_PULUMI: named, PATH }: NodeJS.ProcessEnv): string | undefined {
  const candidates =
    named === undefined
      ? (PATH ?? "").split(delimiter).map((folder) => join(folder, EXECUTABLE))
      : [resolve(named), join(resolve(named), EXECUTABLE), join(resolve(named), "bin", EXECUTABLE)];
  return candidates.find((path) => existsSync(path) && statSync(path).isFile());
}

/** The SDK takes an installation's root, and knows only `<root>/bin/pulumi`. */
async function commandAt(path: string): Promise<PulumiCommand> {
  const folder = dirname(path);
  if (basename(folder) === "bin") return PulumiCommand.get({ root: dirname(folder) });
  process.env.PATH = `${folder}${delimiter}${process.env.PATH ?? ""}`;
  return PulumiCommand.get();
}
