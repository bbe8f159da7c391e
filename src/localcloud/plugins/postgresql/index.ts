import type { Failure, Plugin } from "../rpc/plugin.ts";
import { UNKNOWN, type ValueMap } from "../rpc/values.ts";
import { type ServerConfig, serverConfig } from "./connection.ts";
import { database } from "./database.ts";
import { grant } from "./grant.ts";
import { role } from "./role.ts";
import { schema } from "./schema.ts";

const TAKEN = [
  "host",
  "port",
  "username",
  "password",
  "sslmode",
  "superuser",
  "database",
  "connectTimeout",
  "expectedVersion",
  "scheme",
  "version",
  "__internal",
];
const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/** The `postgresql` plugin: Role, Database, Grant and Schema as `@pulumi/postgresql` 3.18 has them, on real PostgreSQL. */
export const postgresqlPlugin: Plugin<ServerConfig> = {
  name: "postgresql",
  version: "3.18.1",
  resources: {
    "postgresql:index/role:Role": role,
    "postgresql:index/database:Database": database,
    "postgresql:index/grant:Grant": grant,
    "postgresql:index/schema:Schema": schema,
  },
  invokes: {},
  isBridged: true,
  replacingConfig: [],
  secretConfig: ["password"],
  checkConfig,
  configure: serverConfig,
};

function checkConfig(args: ValueMap): readonly Failure[] {
  const given = Object.entries(args).filter(
    ([, value]) => value !== UNKNOWN && value !== "false" && value !== false && value !== "",
  );
  const strange = given.filter(([name]) => !TAKEN.includes(name));
  const refused = strange.map(([property]) => ({
    property,
    reason: "the local cloud does not support this setting",
  }));
  const mode = args.sslmode;
  if (typeof mode === "string" && !SSL_MODES.includes(mode))
    refused.push({ property: "sslmode", reason: `expected one of ${SSL_MODES.join(", ")}; got '${mode}'` });
  if (args.superuser === "true" || args.superuser === true)
    refused.push({
      property: "superuser",
      reason: "set it to false: no admin of the local cloud is a superuser, as on Azure",
    });
  for (const name of ["port", "connectTimeout"])
    if (isNoNumber(args[name])) refused.push({ property: name, reason: "expected a number" });
  if (typeof args.superuser === "string" && !["true", "false"].includes(args.superuser))
    refused.push({ property: "superuser", reason: `expected true or false; got '${args.superuser}'` });
  const scheme = args.scheme;
  if (scheme !== undefined && scheme !== "postgres" && scheme !== UNKNOWN)
    refused.push({ property: "scheme", reason: "the local cloud supports 'postgres' alone" });
  return refused;
}

function isNoNumber(value: ValueMap[string] | undefined): boolean {
  return value !== undefined && value !== UNKNOWN && Number.isNaN(Number(value));
}
