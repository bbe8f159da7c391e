import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { azureNativePlugin } from "../../src/localcloud/plugins/azureNative/index.ts";
import { postgresqlPlugin } from "../../src/localcloud/plugins/postgresql/index.ts";
import { randomPlugin } from "../../src/localcloud/plugins/random/index.ts";
import type { Plugin } from "../../src/localcloud/plugins/rpc/plugin.ts";
import { type PluginServer, servePlugin } from "../../src/localcloud/plugins/rpc/pluginServer.ts";
import { type Bag, PluginClient } from "../localcloud/plugins/pluginClient.ts";
import {
  findOfficialPlugin,
  type RunningPlugin,
  startOfficialPlugin,
  whyNoPlugin,
} from "./officialPlugins.ts";
import {
  ourFacts,
  type PluginSchema,
  readSchema,
  saysReplacements,
  schemaFacts,
  silentlyTaken,
  type TypeSample,
  unrefused,
} from "./schemaComparison.ts";
import { AZURE_SAMPLES, POSTGRESQL_SAMPLES, RANDOM_SAMPLES } from "./typeSampleTable.ts";

/** Nothing is asked of it: checks and diffs of complete inputs need no Resource Manager. */
const NO_ARM = { url: "http://127.0.0.1:9", token: () => "" };

compareSchema(randomPlugin, {}, RANDOM_SAMPLES);
compareSchema(postgresqlPlugin, { host: "127.0.0.1" }, POSTGRESQL_SAMPLES);
compareSchema(azureNativePlugin(NO_ARM), { subscriptionId: "s" }, AZURE_SAMPLES);

/** Asks the official plugin for its schema and ours for what it does, type by type. */
function compareSchema<Config>(
  plugin: Plugin<Config>,
  settings: Bag,
  samples: Readonly<Record<string, TypeSample>>,
): void {
  const found = findOfficialPlugin(plugin.name);
  describe.skipIf(found === undefined)(
    `the schema of ${plugin.name}${whyNoPlugin(plugin.name, found)}`,
    () => {
      let server: PluginServer;
      let official: RunningPlugin;
      let client: PluginClient;
      let schema: PluginSchema;
      beforeAll(async () => {
        if (found === undefined) return;
        server = await servePlugin(plugin, 0);
        client = new PluginClient(server.port);
        await client.configure(settings);
        official = await startOfficialPlugin(found);
        const asking = new PluginClient(official.port);
        schema = await readSchema(asking);
        asking.close();
      });
      afterAll(async () => {
        client.close();
        await official.close();
        await server.close();
      });
      const schemaOf = (type: string) => schema.resources?.[type] ?? {};

      test("is sampled for every type of ours", () => {
        expect(Object.keys(samples).sort()).toEqual(Object.keys(plugin.resources).sort());
      });
      test.each(Object.entries(samples))(
        "%s: the same inputs must be there, and the same ones replace",
        async (type, sample) => {
          const isAutoNamed = (name: string) => plugin.isBridged && name === "name";
          const [ours, said] = [
            await ourFacts(client, type, sample),
            schemaFacts(schemaOf(type), sample, isAutoNamed),
          ];
          const compared = saysReplacements(schema) ? ours : withoutReplacements(ours);
          expect(compared).toEqual(saysReplacements(schema) ? said : withoutReplacements(said));
        },
      );
      test.each(Object.entries(samples))("%s: what ours hasn't is refused by name", async (type, sample) => {
        expect(await silentlyTaken(client, type, schemaOf(type), sample)).toEqual([]);
      });
      test("has no other type or function that ours doesn't refuse by name", async () => {
        expect(Object.keys(schema.resources ?? {}).length).toBeGreaterThanOrEqual(
          Object.keys(samples).length,
        );
        expect(await unrefused(client, schema, Object.keys(plugin.resources))).toEqual([]);
      });
    },
  );
}

/** For plugins whose schema doesn't say what replaces: their diffs are compared call by call. */
function withoutReplacements<Facts extends object>(facts: Readonly<Record<string, Facts | undefined>>) {
  return Object.fromEntries(
    Object.entries(facts).map(([name, fact]) => [name, fact && { ...fact, doesReplace: undefined }]),
  );
}
