import { armService } from "../arm/index.ts";
import { createDnsService } from "../dns/index.ts";
import { frontDoorService } from "../frontDoor/index.ts";
import type { OpenOriginGate } from "../frontDoor/originGate.ts";
import { createIdentityService } from "../identity/index.ts";
import { pluginsService } from "../plugins/index.ts";
import type { LocalService } from "../service.ts";

/** Every service in the order of starting: a later one may use an earlier one's port. */
export function createServices(openGate: OpenOriginGate): readonly LocalService[] {
  return [
    createIdentityService(),
    createDnsService(),
    armService(),
    frontDoorService(openGate),
    pluginsService(),
  ];
}
