import type { AnyResourceType } from "./resource.ts";
import { admin } from "./resources/admin.ts";
import { database } from "./resources/database.ts";
import { finalBackup } from "./resources/finalBackup.ts";
import { identity } from "./resources/identity.ts";
import { master } from "./resources/master.ts";
import { migrations } from "./resources/migrations.ts";
import { placement } from "./resources/placement.ts";
import { platformGuard } from "./resources/platformGuard.ts";
import { registration } from "./resources/registration.ts";
import { server } from "./resources/server.ts";
import { settings } from "./resources/settings.ts";
import { stateCheck } from "./resources/stateCheck.ts";
import { tenantRecord } from "./resources/tenantRecord.ts";
import { vaultSecret } from "./resources/vaultSecret.ts";

const TYPES: readonly AnyResourceType[] = [
  tenantRecord,
  placement,
  stateCheck,
  vaultSecret,
  database,
  migrations,
  settings,
  admin,
  identity,
  finalBackup,
  registration,
  master,
  server,
  platformGuard,
];

/** Every resource type by the last part of its token. */
export const RESOURCE_TYPES: Readonly<Record<string, AnyResourceType>> = Object.fromEntries(
  TYPES.map((type) => [type.name, type]),
);
