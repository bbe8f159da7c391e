import { ArmError } from "../armError.ts";
import { type ArmResource, type JsonMap, member, text } from "../armResource.ts";
import type { ArmType, Put, PutCall, StoredCall } from "../armType.ts";
import { unfinishedState } from "../lifecycle.ts";
import { scramVerifier } from "../scramVerifier.ts";
import { range, words } from "../shape.ts";

/** The major version of the PostgreSQL binaries that the local cloud runs. */
const VERSION = "18";
/** Azure refuses these as names of the administrator. */
const RESERVED_LOGINS = [
  "azure_superuser",
  "azure_pg_admin",
  "azuresu",
  "admin",
  "administrator",
  "root",
  "guest",
  "public",
  "postgres",
];

/** A flexible server: a real PostgreSQL on this machine, at `127.0.0.1:<port>`. */
export const flexibleServer: ArmType = {
  type: "Microsoft.DBforPostgreSQL/flexibleServers",
  apiVersions: ["2022-12-01", "2024-08-01", "2025-08-01"],
  name: {
    pattern: /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
    rule: "3 to 63 lower case letters, digits and hyphens, none at the ends",
  },
  envelope: {
    "location!": "string",
    tags: "map",
    sku: { "name!": "string", "tier!": words("Burstable", "GeneralPurpose", "MemoryOptimized") },
  },
  properties: {
    administratorLogin: "string",
    administratorLoginPassword: "string",
    createMode: words("Default", "Create", "Update"),
    version: words(VERSION),
    availabilityZone: words("", "1", "2", "3"),
    authConfig: {
      passwordAuth: words("Enabled"),
      activeDirectoryAuth: words("Disabled"),
      tenantId: "string",
    },
    storage: {
      storageSizeGB: "number",
      autoGrow: words("Enabled", "Disabled"),
      iops: "number",
      tier: "string",
      type: "string",
    },
    backup: {
      backupRetentionDays: range(7, 35),
      geoRedundantBackup: words("Disabled"),
      earliestRestoreDate: "readOnly",
    },
    highAvailability: { mode: words("Disabled"), standbyAvailabilityZone: words(""), state: "readOnly" },
    network: { publicNetworkAccess: words("Enabled", "Disabled") },
    fullyQualifiedDomainName: "readOnly",
    state: "readOnly",
    minorVersion: "readOnly",
    replicaCapacity: "readOnly",
    replicationRole: "readOnly",
    privateEndpointConnections: "readOnly",
    provisioningState: "readOnly",
  },
  isPropertiesRequired: true,
  isAsync: true,
  hasLocation: true,
  busy: (name) =>
    new ArmError(
      409,
      "ServerIsBusy",
      `Cannot complete operation while server '${name}' is busy processing another operation. Try again later.`,
    ),
  put,
  finish,
  remove: ({ site, resource }) => site.postgres.remove(resource.name),
  view: (_site, resource) => ({ ...resource, properties: { ...resource.properties, ...stateOf(resource) } }),
};

/** What Azure calls a server that something is being done to; at rest it is `Ready`. */
const STATES = { Creating: "Provisioning", Updating: "Updating", Deleting: "Dropping" } as const;

function stateOf(resource: ArmResource): JsonMap {
  const unfinished = unfinishedState(resource);
  return unfinished === undefined ? {} : { state: STATES[unfinished] };
}

async function put(call: PutCall): Promise<Put> {
  const { properties, envelope, existing } = call;
  const { administratorLoginPassword: password, createMode: _createMode, ...given } = properties;
  const login = text(properties, "administratorLogin") ?? text(existing?.properties, "administratorLogin");
  refuseName(call);
  refuseSmallerStorage(given, existing?.properties);
  refuseAdmin(login, password, text(existing?.properties, "administratorLogin"));
  const verifier = typeof password === "string" ? await scramVerifier(password) : existing?.hidden.verifier;
  return {
    envelope: { sku: { name: "Standard_B1ms", tier: "Burstable" }, ...envelope },
    properties: { ...DEFAULTS, ...existing?.properties, ...given, administratorLogin: login ?? "" },
    hidden: { verifier: verifier ?? "", isPasswordGiven: typeof password === "string" },
  };
}

const DEFAULTS: JsonMap = {
  version: VERSION,
  availabilityZone: "",
  authConfig: { passwordAuth: "Enabled", activeDirectoryAuth: "Disabled", tenantId: "" },
  storage: { storageSizeGB: 32, autoGrow: "Disabled" },
  backup: { backupRetentionDays: 7, geoRedundantBackup: "Disabled" },
  highAvailability: { mode: "Disabled", state: "NotEnabled" },
  network: { publicNetworkAccess: "Enabled" },
  replicationRole: "Primary",
  replicaCapacity: 0,
  privateEndpointConnections: [],
};

/** Without a password in the request nothing on the server changes: one that was rotated there stays. */
async function finish({ site, resource }: StoredCall): Promise<JsonMap> {
  if (resource.hidden.isPasswordGiven !== true && resource.properties.state === "Ready") return {};
  const admin = text(resource.properties, "administratorLogin") ?? "";
  const verifier = text(resource.hidden, "verifier") ?? "";
  const order = { adminLogin: admin, adminVerifier: verifier };
  const { host, port, version } = await site.postgres.ensure(resource.name, order);
  return {
    fullyQualifiedDomainName: `${host}:${port}`,
    state: "Ready",
    minorVersion: version.split(".")[1] ?? "0",
  };
}

/** Server names are unique in all of Azure. */
function refuseName({ site, id, existing }: PutCall): void {
  const name = id.names[0] ?? "";
  const other = site.state
    .ofType(flexibleServer.type)
    .find((server) => server.name === name && server.id !== existing?.id);
  if (other === undefined) return;
  throw new ArmError(409, "ServerNameAlreadyExists", "Specified server name is already used.");
}

/** Storage only grows. */
function refuseSmallerStorage(given: JsonMap, old: JsonMap | undefined): void {
  const [had, wanted] = [old, given].map((each) => member(each, "storage").storageSizeGB);
  if (typeof had !== "number" || typeof wanted !== "number" || wanted >= had) return;
  throw new ArmError(
    400,
    "InvalidParameterValue",
    `The property 'storage.storageSizeGB' cannot be decreased (from ${had} to ${wanted}).`,
  );
}

function refuseAdmin(login: string | undefined, password: unknown, oldLogin: string | undefined): void {
  if (oldLogin !== undefined && login !== oldLogin) {
    throw new ArmError(
      400,
      "InvalidParameterValue",
      `The property 'administratorLogin' cannot be changed (from '${oldLogin}' to '${login}').`,
    );
  }
  if (oldLogin !== undefined) return;
  if (login === undefined || password === undefined) {
    throw new ArmError(
      400,
      "InvalidParameterValue",
      "A new server needs 'administratorLogin' and 'administratorLoginPassword'.",
    );
  }
  if (
    !/^[a-z_][a-z0-9_]{0,62}$/i.test(login) ||
    RESERVED_LOGINS.includes(login.toLowerCase()) ||
    /^pg_/i.test(login)
  ) {
    throw new ArmError(400, "ReservedName", `The administrator login '${login}' is not allowed.`);
  }
}
