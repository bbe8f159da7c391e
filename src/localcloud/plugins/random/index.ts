import type { Plugin } from "../rpc/plugin.ts";
import { randomId, randomUuid } from "./randomBytes.ts";
import { randomPassword, randomString } from "./randomText.ts";
import { randomType } from "./randomType.ts";

/** The `random` plugin: RandomPassword, RandomString, RandomId and RandomUuid as `@pulumi/random` 4.21 has them. */
export const randomPlugin: Plugin<undefined> = {
  name: "random",
  version: "4.21.2",
  resources: {
    "random:index/randomPassword:RandomPassword": randomType(randomPassword),
    "random:index/randomString:RandomString": randomType(randomString),
    "random:index/randomId:RandomId": randomType(randomId),
    "random:index/randomUuid:RandomUuid": randomType(randomUuid),
  },
  invokes: {},
  isBridged: true,
  replacingConfig: [],
  checkConfig: () => [],
  configure: () => undefined,
};
