import * as fs from "node:fs/promises";
import path from "node:path";
import type { Home } from "./home.ts";
import { stopPostmaster } from "./postgres/clusterProcess.ts";
import { findPostmaster, type Postmaster } from "./postgres/postmaster.ts";

/** PostgreSQL servers of a home that run, daemon or not: they outlive a killed one. */
export async function findServers(home: Home): Promise<readonly (Postmaster & { readonly name: string })[]> {
  const names = await dataFolders(home);
  const found = await Promise.all(
    names.map(async (name) => ({
      name,
      postmaster: await findPostmaster(path.join(home.postgres, "data", name)),
    })),
  );
  return found.flatMap(({ name, postmaster }) => (postmaster === undefined ? [] : [{ name, ...postmaster }]));
}

/** Stops every PostgreSQL server of a home. */
export async function stopServers(home: Home): Promise<void> {
  const names = await dataFolders(home);
  await Promise.all(names.map((name) => stopPostmaster(path.join(home.postgres, "data", name))));
}

async function dataFolders(home: Home): Promise<readonly string[]> {
  try {
    return await fs.readdir(path.join(home.postgres, "data"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
