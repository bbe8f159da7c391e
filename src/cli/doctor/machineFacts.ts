import { existsSync, statfsSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { chooseEngine, type EngineName, officialPath } from "../../deploy/index.ts";
import { type LocalCloudFacts, openLocalDoor } from "../localDoor.ts";
import type { CommonOptions } from "../verb.ts";
import { type BundleFacts, observeBundles } from "./bundleFacts.ts";

/** What can be seen of a machine before anything is started. */
export interface MachineFacts {
  readonly environment: string;
  /** With its `v`. */
  readonly nodeVersion: string;
  readonly isRoot: boolean;
  /** File systems that data are written to, each once. */
  readonly disks: readonly { readonly folder: string; readonly freeBytes: number }[];
  readonly engine: {
    readonly chosen: EngineName;
    /** Whether a command line named it. */
    readonly isAsked: boolean;
    /** The official CLI; undefined where there is none. */
    readonly officialPath?: string;
  };
  /** Undefined where PATH has none. */
  readonly pgDumpPath?: string;
  readonly bundles: BundleFacts;
  /** Only of `local`. */
  readonly cloud?: LocalCloudFacts;
}

/** Looks; writes nothing, starts nothing. Throws `E_NOT_SUPPORTED` for an engine that the environment refuses. */
export async function observeMachine(options: CommonOptions, root: string): Promise<MachineFacts> {
  const { env: environment, engine } = options;
  const cloud = environment === "local" ? await (await openLocalDoor(root)).cloud.inspect() : undefined;
  const official = officialPath(process.env);
  const pgDumpPath = onPath("pg_dump", process.env.PATH);
  return {
    environment,
    nodeVersion: process.version,
    isRoot: process.getuid?.() === 0,
    disks: observeDisks([root, ...(cloud === undefined ? [] : [cloud.home, cloud.place])]),
    engine: {
      chosen: chooseEngine(environment, engine),
      isAsked: engine !== undefined,
      ...(official === undefined ? {} : { officialPath: official }),
    },
    bundles: observeBundles(root),
    ...(pgDumpPath === undefined ? {} : { pgDumpPath }),
    ...(cloud === undefined ? {} : { cloud }),
  };
}

/** A program's path; undefined where no folder of PATH has it. */
export function onPath(program: string, path: string | undefined): string | undefined {
  const files = (path ?? "").split(delimiter).map((folder) => join(folder, program));
  // Not there or not to be looked at, as in root's own folders: a program that can't be run from there either.
  return files.find((file) => existsSync(file) && statSync(file).isFile());
}

/** Folders on the same file system count once; for one that isn't there yet its parent speaks. */
function observeDisks(folders: readonly string[]): MachineFacts["disks"] {
  const there = folders.map(nearestThere);
  const devices = there.map((folder) => statSync(folder).dev);
  const distinct = there.filter((_, index) => devices.indexOf(devices[index] ?? 0) === index);
  return distinct.map((folder) => {
    const { bavail, bsize } = statfsSync(folder);
    return { folder, freeBytes: bavail * bsize };
  });
}

function nearestThere(folder: string): string {
  return existsSync(folder) ? folder : nearestThere(dirname(folder));
}
