// The local cloud's background process; `tenantry local start` starts it.
import { launch, rememberCode } from "./launch.mjs";

const { runDaemonProcess } = await launch("localcloud/daemon.ts", "run");
const { openOriginGate } = await launch("gate/originGate.ts", "run");
await runDaemonProcess(process.argv.slice(2), rememberCode, openOriginGate);
