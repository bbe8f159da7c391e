import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { postgresqlPlugin } from "../../src/localcloud/plugins/postgresql/index.ts";
import { randomPlugin } from "../../src/localcloud/plugins/random/index.ts";
import type { Plugin } from "../../src/localcloud/plugins/rpc/plugin.ts";
import { type PluginServer, servePlugin } from "../../src/localcloud/plugins/rpc/pluginServer.ts";
import { type Bag, PluginClient } from "../localcloud/plugins/pluginClient.ts";
import { clearServer, query, settingsOf, urlFor } from "../localcloud/plugins/postgresBench.ts";
import { startTestPostgres, type TestPostgres } from "../support/postgres.ts";
import { differencesOf, type Scenario, type Side } from "./comparison.ts";
import {
  findOfficialPlugin,
  type RunningPlugin,
  startOfficialPlugin,
  whyNoPlugin,
} from "./officialPlugins.ts";
import { POSTGRESQL_SCENARIOS } from "./postgresqlScenarioTable.ts";
import { RANDOM_SCENARIOS } from "./randomScenarioTable.ts";
import { POSTGRESQL_SETTING_SCENARIOS, RANDOM_SETTING_SCENARIOS } from "./settingScenarioTable.ts";

/** Both plugins of one name, each behind a client that is configured anew for every test. */
interface Pair {
  readonly ours: Side;
  readonly official: Side;
}

const postgresqlFound = findOfficialPlugin("postgresql");
const randomFound = findOfficialPlugin("random");
const NO_SQL: Side["sql"] = () => Promise.reject(new Error("the random plugin has no server"));

describe.skipIf(randomFound === undefined)(
  `random beside the official one${whyNoPlugin("random", randomFound)}`,
  () => {
    const pair = pairOf(randomPlugin, () => ({}), NO_SQL);
    // The official plugin answers a diff's names and no leaves; refusals are worded by Terraform.
    const ignored = /\.leaves(\.|$)|\.(reason|refused)$/;
    test.each([...RANDOM_SETTING_SCENARIOS, ...RANDOM_SCENARIOS])("$title", (scenario) =>
      compare(pair, { ...scenario, ignored }),
    );
  },
);

describe.skipIf(postgresqlFound === undefined)(
  `postgresql beside the official one${whyNoPlugin("postgresql", postgresqlFound)}`,
  () => {
    let postgres: TestPostgres;
    beforeAll(async () => {
      postgres = await startTestPostgres();
    });
    afterAll(() => postgres.stop());
    const sql: Side["sql"] = (text, database = "postgres") =>
      query(urlFor(postgres.superuserUrl, { database }), text);
    const pair = pairOf(postgresqlPlugin, () => settingsOf(postgres.adminUrl), sql);
    afterEach(() => clearServer(postgres.superuserUrl));
    // Outputs of inputs that ours refuses, and PostgreSQL's own words.
    const ignored =
      /\.(assumeRole|idleInTransactionSessionTimeout|statementTimeout|policies)$|\.(reason|refused)$/;
    test.each(POSTGRESQL_SETTING_SCENARIOS)("$title", (scenario) => compare(pair, scenario));
    test.each(POSTGRESQL_SCENARIOS)("$title", (scenario) =>
      compare(pair, { ...scenario, ignored }, () => clearServer(postgres.superuserUrl)),
    );
  },
);

/** Runs a scenario on our plugin, then on the official one, and demands exactly the differences that it knows. */
async function compare(pair: Pair, { run, known = {}, ...options }: Scenario, between?: () => Promise<void>) {
  const ours = await run(pair.ours);
  await between?.();
  const official = await run(pair.official);
  expect(differencesOf(ours, official, options)).toEqual(known);
}

/** Registers the hooks that start both plugins once and configure a client of each for every test. */
function pairOf<Config>(plugin: Plugin<Config>, settings: () => Bag, sql: Side["sql"]): Pair {
  const running: { server?: PluginServer; official?: RunningPlugin } = {};
  const pair = {} as { ours: Side; official: Side };
  beforeAll(async () => {
    const found = findOfficialPlugin(plugin.name);
    running.server = await servePlugin(plugin, 0);
    if (found !== undefined) running.official = await startOfficialPlugin(found);
  });
  afterAll(async () => {
    await running.official?.close();
    await running.server?.close();
  });
  beforeEach(async () => {
    pair.ours = await openSide(running.server?.port ?? 0);
    pair.official = await openSide(running.official?.port ?? 0);
  });
  afterEach(() => {
    pair.ours.client.close();
    pair.official.client.close();
  });
  return pair;

  async function openSide(port: number): Promise<Side> {
    const client = new PluginClient(port);
    await client.configure(settings(), plugin.name);
    return { client, sql };
  }
}
