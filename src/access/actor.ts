import { execFile } from "node:child_process";
import { userInfo } from "node:os";
import { promisify } from "node:util";
import type { Actor } from "../registry/index.ts";

const run = promisify(execFile);

/**
 * Who the audit names: `TENANTRY_PLATFORM_USER`, or else the OS user; and the commit that is applied:
 * `TENANTRY_GIT_COMMIT`, or else HEAD of the checkout at `root` where that is one.
 */
export async function currentActor(
  root: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Actor> {
  const platformUserId = environment.TENANTRY_PLATFORM_USER;
  const gitCommit = environment.TENANTRY_GIT_COMMIT ?? (await headCommit(root));
  return {
    ...(platformUserId === undefined ? { osUser: userInfo().username } : { platformUserId }),
    ...(gitCommit === undefined ? {} : { gitCommit }),
  };
}

/** Undefined where git or the checkout is missing, or holds no commit: the audit then names none. */
async function headCommit(root: string): Promise<string | undefined> {
  const now = Date.now();
  if (now - askedAt > COMMIT_BELIEVED_MS) {
    askedAt = now;
    commit = askHead(root);
  }
  return commit;
}

/** Asking costs a process, and a run of many tenants is of one commit. */
const COMMIT_BELIEVED_MS = 5_000;
let askedAt = Number.NEGATIVE_INFINITY;
let commit: Promise<string | undefined> | undefined;

async function askHead(root: string): Promise<string | undefined> {
  try {
    // A checkout of another user is only read here.
    const args = ["-c", "safe.directory=*", "rev-parse", "--verify", "HEAD"];
    const { stdout } = await run("git", args, { cwd: root });
    return stdout.trim();
  } catch (error) {
    // ENOENT: no git on this machine; a number: git's own "not a repository" or "no commit".
    const { code } = error as { code?: unknown };
    if (code === "ENOENT" || typeof code === "number") return undefined;
    throw error;
  }
}
