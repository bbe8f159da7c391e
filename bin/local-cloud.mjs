// The local cloud's background process; `tenantry local start` starts it.
import { launch } from "./launch.mjs";

await launch("localcloud/daemon.ts");
