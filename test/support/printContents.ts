import { enterCloud, readCloudContents, readLockFiles, readStacks } from "./cloudContents.ts";
import { openWorkspace } from "./workspace.ts";

/**
 * Prints what a workspace's cloud holds, as JSON: in a process of its own, because Azure's SDK keeps one token a
 * process, which is another cloud's where a test looks at two.
 */
const workspace = openWorkspace(process.argv[2] ?? "");
const cloud = await enterCloud(workspace);
const contents = {
  locks: readLockFiles(cloud),
  stacks: readStacks(cloud).map(({ resources, ...stack }) => ({ ...stack, resources: resources.length })),
  cloud: await readCloudContents(cloud),
};
process.stdout.write(JSON.stringify(contents), () => process.exit(0));
