import { AZURE_TYPES } from "../../src/localcloud/plugins/azureNative/azureTypeTable.ts";
import { token } from "../localcloud/plugins/azureBench.ts";
import { AZURE_DRIFT } from "../localcloud/plugins/azureDriftTable.ts";
import type { Bag } from "../localcloud/plugins/pluginClient.ts";
import { DATABASE, GRANT, ROLE, SCHEMA } from "../localcloud/plugins/postgresBench.ts";
import { ID, PASSWORD, STRING, UUID } from "./randomScenarioTable.ts";
import type { TypeSample } from "./schemaComparison.ts";

const TEXT: TypeSample = {
  inputs: {
    keepers: { a: "1" },
    length: 20,
    lower: true,
    minLower: 1,
    minNumeric: 1,
    minSpecial: 1,
    minUpper: 1,
    number: true,
    numeric: true,
    overrideSpecial: "!",
    special: true,
    upper: true,
  },
  others: {
    keepers: { a: "2" },
    length: 21,
    lower: false,
    minLower: 2,
    minNumeric: 2,
    minSpecial: 2,
    minUpper: 2,
    number: false,
    numeric: false,
    overrideSpecial: "?",
    special: false,
    upper: false,
  },
};

export const RANDOM_SAMPLES: Readonly<Record<string, TypeSample>> = {
  [PASSWORD]: TEXT,
  [STRING]: TEXT,
  [ID]: {
    inputs: { byteLength: 4, keepers: { a: "1" }, prefix: "p" },
    others: { byteLength: 5, keepers: { a: "2" }, prefix: "q" },
  },
  [UUID]: { inputs: { keepers: { a: "1" } }, others: { keepers: { a: "2" } } },
};

export const POSTGRESQL_SAMPLES: Readonly<Record<string, TypeSample>> = {
  [ROLE]: {
    inputs: {
      name: "a",
      password: "one",
      login: true,
      inherit: true,
      createDatabase: true,
      createRole: true,
      connectionLimit: 1,
      validUntil: "infinity",
      roles: ["b"],
      skipDropRole: true,
      skipReassignOwned: true,
      encryptedPassword: true,
      superuser: false,
      replication: false,
      bypassRowLevelSecurity: false,
    },
    others: {
      name: "b",
      password: "two",
      login: false,
      inherit: false,
      createDatabase: false,
      createRole: false,
      connectionLimit: 2,
      validUntil: "2040-01-01",
      roles: ["c"],
      skipDropRole: false,
      skipReassignOwned: false,
      encryptedPassword: false,
      superuser: true,
      replication: true,
      bypassRowLevelSecurity: true,
    },
  },
  [DATABASE]: {
    inputs: {
      name: "a",
      owner: "a",
      template: "template0",
      encoding: "UTF8",
      lcCollate: "C",
      lcCtype: "C",
      connectionLimit: 1,
      allowConnections: true,
      isTemplate: false,
      tablespaceName: "pg_default",
      alterObjectOwnership: false,
    },
    others: {
      name: "b",
      owner: "b",
      template: "template1",
      encoding: "LATIN1",
      lcCollate: "POSIX",
      lcCtype: "POSIX",
      connectionLimit: 2,
      allowConnections: false,
      isTemplate: true,
      tablespaceName: "other",
      alterObjectOwnership: true,
    },
  },
  [GRANT]: {
    inputs: {
      database: "a",
      role: "a",
      objectType: "table",
      schema: "a",
      objects: ["a"],
      privileges: ["SELECT"],
      withGrantOption: false,
    },
    others: {
      database: "b",
      role: "b",
      objectType: "sequence",
      schema: "b",
      objects: ["b"],
      privileges: ["INSERT"],
      withGrantOption: true,
    },
  },
  [SCHEMA]: {
    inputs: { name: "a", database: "a", owner: "a", ifNotExists: true, dropCascade: false },
    others: { name: "b", database: "b", owner: "b", ifNotExists: false, dropCascade: true },
  },
};

/** Every input of our azure-native types; another value is the same one with something added. */
export const AZURE_SAMPLES: Readonly<Record<string, TypeSample>> = Object.fromEntries(
  AZURE_TYPES.map((type) => {
    const samples = AZURE_DRIFT.filter((sample) => token(sample.type) === type.token);
    const inputs: Bag = Object.assign({}, ...samples.map((sample) => sample.inputs));
    const others = Object.entries(inputs).map(([name, value]) => [name, another(value)]);
    return [type.token, { inputs, others: Object.fromEntries(others) }];
  }),
);

function another(value: unknown): unknown {
  if (Array.isArray(value)) return [...value, "more"];
  if (typeof value === "object") return { ...value, more: "more" };
  if (typeof value === "boolean") return !value;
  return typeof value === "number" ? value + 1 : `${String(value)}x`;
}
