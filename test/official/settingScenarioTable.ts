import pb from "@pulumi/pulumi/proto/provider_pb.js";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import type { Bag } from "../localcloud/plugins/pluginClient.ts";
import { attempt, type Scenario, type Side } from "./comparison.ts";

const SETTINGS = { host: "127.0.0.1", port: "5432", username: "me", password: "one", superuser: "false" };

/** Marks a secret on the wire. */
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";

/** CheckConfig, DiffConfig and Invoke of the postgresql plugin. */
export const POSTGRESQL_SETTING_SCENARIOS: readonly Scenario[] = [
  {
    title: "which settings are refused",
    run: (side) =>
      each(
        {
          usual: SETTINGS,
          none: {},
          "the SDK's own": { ...SETTINGS, sslmode: "disable", connectTimeout: "180" },
          "one that is none": { ...SETTINGS, foo: "1" },
          "a port in words": { ...SETTINGS, port: "many" },
          "superuser in words": { ...SETTINGS, superuser: "maybe" },
          superuser: { ...SETTINGS, superuser: "true" },
          "an sslmode that is none": { ...SETTINGS, sslmode: "maybe" },
          "a login by Entra": { ...SETTINGS, azureIdentityAuth: "true" },
        },
        (news) => checkConfig(side, "postgresql", news),
      ),
    known: {
      // No admin of the local cloud is a superuser, and none logs in by Entra.
      "superuser.isRefused": { ours: true, official: false },
      "a login by Entra.isRefused": { ours: true, official: false },
      // The official plugin finds out when it connects.
      "an sslmode that is none.isRefused": { ours: true, official: false },
    },
  },
  {
    title: "which settings are secrets",
    run: async (side) => await secretSettings(side, { ...SETTINGS, sslmode: "disable" }),
  },
  {
    title: "what a changed setting means",
    run: (side) =>
      each(
        {
          nothing: {},
          host: { host: "other" },
          port: { port: "1" },
          username: { username: "you" },
          password: { password: "two" },
          "password gone": { password: undefined },
          "one more": { connectTimeout: "10" },
        },
        (change) => diffConfig(side, "postgresql", SETTINGS, change),
      ),
  },
  {
    title: "a function that is none",
    run: async ({ client }) => {
      const request = new pb.InvokeRequest().setTok("postgresql:index/getNothing:getNothing");
      request.setArgs(structPb.Struct.fromJavaScript({}));
      const answer = await attempt(() => client.call("invoke", request));
      return { isRefused: typeof answer === "object" && "refused" in answer };
    },
  },
];

/** CheckConfig and DiffConfig of the random plugin, which has no settings. */
export const RANDOM_SETTING_SCENARIOS: readonly Scenario[] = [
  {
    title: "settings",
    run: async (side) => ({
      none: await checkConfig(side, "random", {}),
      unchanged: await diffConfig(side, "random", {}, {}),
    }),
  },
];

async function each(cases: Readonly<Record<string, Bag>>, ask: (value: Bag) => Promise<Bag>): Promise<Bag> {
  const answers: Bag = {};
  for (const [title, value] of Object.entries(cases)) answers[title] = await ask(value);
  return answers;
}

async function checkConfig({ client }: Side, plugin: string, news: Bag): Promise<Bag> {
  const request = new pb.CheckRequest().setUrn(providerUrn(plugin));
  request.setNews(structPb.Struct.fromJavaScript(news));
  // The official plugin fails in place of an answer where a setting isn't the JSON that it expects.
  const answer = await attempt<pb.CheckResponse>(() => client.call("checkConfig", request));
  return { isRefused: "refused" in answer || answer.getFailuresList().length > 0 };
}

/** Whether each checked setting is marked as a secret. */
async function secretSettings({ client }: Side, news: Bag): Promise<Bag> {
  const request = new pb.CheckRequest().setUrn(providerUrn("postgresql"));
  request.setNews(structPb.Struct.fromJavaScript(news));
  const answer: pb.CheckResponse = await client.call("checkConfig", request);
  const inputs = Object.entries(answer.getInputs()?.toJavaScript() ?? {});
  return Object.fromEntries(
    inputs.map(([name, value]) => [name, JSON.stringify(value).includes(SECRET_SIGNATURE)]),
  );
}

async function diffConfig({ client }: Side, plugin: string, olds: Bag, change: Bag): Promise<Bag> {
  const request = new pb.DiffRequest().setUrn(providerUrn(plugin)).setId("p");
  const news = Object.fromEntries(
    Object.entries({ ...olds, ...change }).filter(([, value]) => value !== undefined),
  );
  request.setOlds(structPb.Struct.fromJavaScript(olds));
  request.setOldInputs(structPb.Struct.fromJavaScript(olds));
  request.setNews(structPb.Struct.fromJavaScript(news));
  const response: pb.DiffResponse = await client.call("diffConfig", request);
  return {
    isChanged: response.getChanges() === pb.DiffResponse.DiffChanges.DIFF_SOME,
    diffs: [...response.getDiffsList()].sort(),
    replaces: [...response.getReplacesList()].sort(),
  };
}

function providerUrn(plugin: string): string {
  return `urn:pulumi:test::project::pulumi:providers:${plugin}::p`;
}
