import * as fs from "node:fs/promises";
import { homeOf } from "../../../src/localcloud/home.ts";
import { ROOT } from "../temporaryHome.ts";

export interface HomeProcess {
  readonly pid: number;
  readonly uid: number;
  readonly command: string;
  /** The daemon or a postmaster, not a process that comes and goes with a session. */
  readonly isServer: boolean;
}

/** Every process that names a home's folders, works in one, or has a file of one open: nothing can hide by its name. */
export async function processesOf(homeFolder: string): Promise<readonly HomeProcess[]> {
  const { folder, postgres } = homeOf(ROOT, homeFolder);
  const isOfHome = (text: string) => [folder, postgres].some((each) => text.includes(each));
  const pids = (await fs.readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map((pid) => describeProcess(pid, isOfHome)));
  return found.filter((each) => each !== undefined);
}

async function describeProcess(
  pid: number,
  isOfHome: (text: string) => boolean,
): Promise<HomeProcess | undefined> {
  const command = ((await unlessGone(() => fs.readFile(`/proc/${pid}/cmdline`, "utf8"))) ?? "")
    .split("\0")
    .join(" ");
  const places = [
    command,
    (await unlessGone(() => fs.readlink(`/proc/${pid}/cwd`))) ?? "",
    ...(await openFiles(pid)),
  ];
  if (pid === process.pid || !places.some(isOfHome)) return undefined;
  const status = await unlessGone(() => fs.readFile(`/proc/${pid}/status`, "utf8"));
  // It came and went while it was looked at, as a session's process does.
  if (status === undefined) return undefined;
  const uid = Number(/^Uid:\t(\d+)/m.exec(status)?.[1] ?? -1);
  return { pid, uid, command, isServer: isOfHome(command) };
}

async function openFiles(pid: number): Promise<readonly string[]> {
  const names = (await unlessGone(() => fs.readdir(`/proc/${pid}/fd`))) ?? [];
  const links = await Promise.all(
    names.map((name) => unlessGone(() => fs.readlink(`/proc/${pid}/fd/${name}`))),
  );
  return links.filter((link) => link !== undefined);
}

async function unlessGone<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? ""))
      return undefined;
    throw error;
  }
}
