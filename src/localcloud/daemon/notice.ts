import * as fs from "node:fs/promises";
import path from "node:path";
import { writePrivately } from "../keyFile.ts";
import type { ProcessIdentity } from "../processIdentity.ts";
import type { Problem } from "./protocol.ts";

const PROBLEM_FILE = "problem.json";

/** What a ready daemon leaves in its home for those who look for it; 0600, because of the token. */
export interface Notice extends ProcessIdentity {
  /** Control port on loopback. */
  readonly port: number;
  /** Who has it may ask and stop the daemon. */
  readonly token: string;
  /** Fingerprint of the program that the daemon runs. */
  readonly program: string;
}

export async function writeNotice(run: string, notice: Notice): Promise<void> {
  await writePrivately(fileOf(run), JSON.stringify(notice));
}

/** The last daemon's notice, whether it still runs or not. */
export async function readNotice(run: string): Promise<Notice | undefined> {
  try {
    return JSON.parse(await fs.readFile(fileOf(run), "utf8")) as Notice;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

export async function removeNotice(run: string): Promise<void> {
  await fs.rm(fileOf(run), { force: true });
}

/** What stopped a daemon from starting, for whoever launched it. */
export async function writeProblem(run: string, problem: Problem): Promise<void> {
  await writePrivately(path.join(run, PROBLEM_FILE), JSON.stringify(problem));
}

export async function readProblem(run: string): Promise<Problem> {
  return JSON.parse(await fs.readFile(path.join(run, PROBLEM_FILE), "utf8")) as Problem;
}

function fileOf(run: string): string {
  return path.join(run, "daemon.json");
}
