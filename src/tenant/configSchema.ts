import * as z from "zod";
import { MAX_RETENTION_DAYS } from "./plan.ts";
import {
  databaseName,
  fields,
  hostName,
  line,
  migrationVersion,
  oneOf,
  regionName,
  serverName,
  settings,
  text,
  whole,
} from "./values.ts";

/** PostgreSQL's own upper end of `max_connections` is higher; Azure's largest server allows 5,000. */
const MAX_CONNECTIONS = 5000;
/** A password a day for a thousand years. */
const MAX_ROTATION = 365_000;
const MAX_WAIT_MS = 24 * 60 * 60 * 1000;
/** Front Door validates a domain in minutes at best; locally at once. */
const DEFAULT_EDGE_WAIT_MS = 60_000;
const DEFAULT_RETENTION_DAYS = 30;
const DEFAULT_MASTER_DATABASE = "tenantry_master";
/** The smallest flexible server, for environments that don't say. */
const SMALLEST_SKU = { name: "Standard_B1ms", tier: "Burstable" } as const;
const SMALLEST_STORAGE_GB = 32;

const uuid = (expected: string) =>
  text(expected, /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i);

const vaultName = text(
  "a Key Vault name: 3 to 24 letters, digits and single hyphens, a letter first",
  /^(?!.*--)[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]$/,
);

const projectPath = z
  .string("a folder below the project's root such as 'migrations/tenant'")
  .refine((path) => /^[\w.-]+(\/[\w.-]+)*\/?$/.test(path) && !path.split("/").includes(".."), {
    message: "a folder below the project's root such as 'migrations/tenant'",
  });

const server = fields({
  name: serverName,
  region: regionName,
  capacityHint: whole(1, 10_000),
  maxConnections: whole(10, MAX_CONNECTIONS),
  tenantConnections: whole(1, MAX_CONNECTIONS),
  status: oneOf(["active", "draining", "inactive"]).default("active"),
  sku: fields({
    name: line("a SKU such as 'Standard_D4ds_v5'", 60),
    tier: oneOf(["Burstable", "GeneralPurpose", "MemoryOptimized"]),
  }).default(SMALLEST_SKU),
  storageGb: whole(SMALLEST_STORAGE_GB, 32_768).default(SMALLEST_STORAGE_GB),
  existing: fields({
    host: line("a host name or address", 253),
    port: whole(1, 65_535).default(5432),
  }).exactOptional(),
  adminRotation: whole(0, MAX_ROTATION).default(0),
});

/** Pulumi.yaml's `name`, which is also the namespace of the config. */
const PROJECT_NAME = "tenantry";

/** Key Vault's own names. */
const vaultSecretName = text("a secret's name in the platform vault", /^[0-9A-Za-z-]{1,127}$/);

/** Submission, with STARTTLS. */
const SMTP_PORT = 587;

const mail = fields({
  from: line("a sender such as 'Example <no-reply@example.com>'", 320),
  smtp: fields({
    host: line("a host name or address", 253),
    port: whole(1, 65_535).default(SMTP_PORT),
    secure: z.boolean("true or false").default(false),
    userRef: vaultSecretName.exactOptional(),
    passwordRef: vaultSecretName.exactOptional(),
  }).exactOptional(),
});

/** Where knex and its kin keep their files. */
const COMMAND_DIR = "migrations";

const migrations = z.discriminatedUnion(
  "kind",
  [
    fields({ kind: z.literal("sql"), dir: projectPath, target: migrationVersion.exactOptional() }),
    fields({
      kind: z.literal("command"),
      run: line("a command line", 1000),
      dir: projectPath.default(COMMAND_DIR),
      target: migrationVersion.exactOptional(),
    }),
  ],
  "'sql' or 'command'",
);

/** The validator of namespace `tenantry` in `stacks/Pulumi.<env>.yaml`. */
export const configSchema = fields({
  product: text(
    "a product's name: up to 40 lowercase letters, digits and '_', a letter first",
    /^[a-z][a-z0-9_]{0,39}$/,
  ).default(PROJECT_NAME),
  environment: text("the environment's name, the file's own", /^[a-z][a-z0-9-]{0,19}$/),
  zone: hostName,
  resourceGroup: text("a resource group's name", /^[\w.()-]{0,89}[\w()-]$/),
  location: text("an Azure region such as 'westeurope'", /^[a-z][a-z0-9]{1,39}$/),
  subscriptionId: uuid("the subscription's id (`az account show --query id --output tsv` prints it)"),
  azureTenantId: uuid("the Azure tenant's id (`az account show --query tenantId --output tsv` prints it)"),
  vaults: fields({ platform: vaultName, tenants: vaultName }),
  frontDoor: fields({
    profile: text("a Front Door profile's name", /^[A-Za-z0-9][A-Za-z0-9-]{0,88}[A-Za-z0-9]$/),
    endpoint: text("a Front Door endpoint's name", /^[A-Za-z0-9][A-Za-z0-9-]{0,44}[A-Za-z0-9]$/),
    originHost: hostName,
  }),
  edge: fields({
    mode: z.literal("perTenant", "'perTenant'"),
    profiles: z.literal(1, "1").default(1),
    waitMs: whole(0, MAX_WAIT_MS).default(DEFAULT_EDGE_WAIT_MS),
  }),
  servers: z.array(server, "a list of servers").min(1, "at least one server"),
  master: fields({
    server: serverName,
    database: databaseName.or(z.literal(DEFAULT_MASTER_DATABASE)).default(DEFAULT_MASTER_DATABASE),
  }),
  mainTenant: fields({
    slug: text("a slug such as 'main'", /^[a-z][a-z0-9-]{2,39}$/),
    displayName: line("one line, at most 100 characters", 100),
  }),
  migrations,
  backups: fields({ url: line("a `file:` URL, or a folder relative to the project's root", 500) }),
  mail: mail.exactOptional(),
  retentionDays: whole(0, MAX_RETENTION_DAYS).default(DEFAULT_RETENTION_DAYS),
  settings: settings.default({}),
});
