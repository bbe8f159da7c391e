import { secret } from "@pulumi/pulumi";
import { Component, Thing } from "../engine/support/harness.ts";

/** Programs whose runs both engines show, by step. */
export const PROGRAMS: readonly (() => Promise<Record<string, unknown>>)[] = [
  async () => {
    new Thing("a", { value: "1", list: [1, 2], map: { x: "y", deep: { n: 1 } }, gone: true });
    new Thing("b", { key: "k1" });
    new Thing("c", { secret: secret("before") });
    new Thing("d");
    new Component("e");
    return { plain: "1", hidden: secret("s3cr3t") };
  },
  async () => {
    new Thing("a", { value: "2", list: [1, 3, 4], map: { x: "z", deep: { n: 1 } }, added: { k: "v" } });
    const b = new Thing("b", { key: "k2" });
    new Thing("c", { secret: secret("after") });
    new Component("e");
    new Thing("f", { value: b.made, empty: [] });
    return { plain: "2", hidden: secret("s3cr3t"), more: b.made };
  },
];
