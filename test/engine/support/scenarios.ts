import { type Resource, secret } from "@pulumi/pulumi";
import { Component, TestInstance, Thing } from "./harness.ts";
import { PARTIAL_SCENARIOS } from "./partialScenarios.ts";
import type { TestProvider } from "./testProvider.ts";

/** Options of a run, as the Automation API names them. */
export interface RunSettings {
  readonly refresh?: boolean;
  readonly target?: string[];
  readonly targetDependents?: boolean;
  readonly exclude?: string[];
  readonly excludeDependents?: boolean;
  readonly excludeProtected?: boolean;
  readonly replace?: string[];
  readonly continueOnError?: boolean;
}

/** One command of a scenario, or a change to the provider's world before the next one. */
export type ScenarioStep =
  | {
      readonly run: "up" | "preview" | "refresh" | "destroy";
      readonly program: () => void;
      readonly fails?: true;
      readonly settings?: RunSettings;
    }
  | { readonly world: (provider: TestProvider) => void };

const up = (program: () => void): ScenarioStep => ({ run: "up", program });
const preview = (program: () => void): ScenarioStep => ({ run: "preview", program });
const failing = (run: "up" | "preview" | "destroy", program: () => void): ScenarioStep => ({
  run,
  program,
  fails: true,
});
const empty = (): void => undefined;

const chainOf = (input: "key" | "dbr", text: string) => (): void => {
  const a = new Thing("a", { [input]: text });
  const b = new Thing("b", { key: a.id });
  const c = new Thing("c", { value: b.id });
  void new Thing("d", {}, { dependsOn: [a, c] });
};

const cascade = (key: string) => (): void => {
  const a = new Thing("a", { key });
  const b = new Thing("b", {}, { replaceWith: [a] });
  void new Thing("c", {}, { deletedWith: a, dependsOn: [b] });
};

const renamed = (name: string, provider: string, isAliased: boolean) => (): void => {
  const aliases = (old: string) => (isAliased ? { aliases: [{ name: old }] } : {});
  const component = new Component(name, aliases("old"));
  const user = new Thing("user", { value: component.child.id });
  const instance = new TestInstance(provider, { region: "x" }, aliases("p"));
  void new Thing("placed", {}, { provider: instance, dependsOn: [user] });
};

const placed = (key: string) => (): void => {
  const provider = new TestInstance("p", { key });
  void new Thing("a", {}, { provider });
};

const ignoring = (text: string, extra: object) => (): void =>
  void new Thing(
    "a",
    { value: text, deep: { list: [text, text] }, hidden: secret(text) },
    { ignoreChanges: ["value", "deep.list[0]"], ...extra },
  );

const sealed = (text: string) => (): void => {
  const a = new Thing("a", { value: secret(text), nested: [{ deep: secret(text) }] });
  void new Thing("b", { value: a.value }, { additionalSecretOutputs: ["made"] });
};

const guarded = (protect: boolean) => (): void => {
  const a = new Thing("a");
  void new Thing("b", { value: a.id }, { protect });
};

const watched = (): void => {
  const a = new Thing("a", { value: "v" });
  const b = new Thing("b", { value: a.id });
  void new Thing("got", {}, { id: a.id, dependsOn: [b] });
};

const initialized = (init: object) => (): void => {
  const a = new Thing("a", init);
  void new Thing("b", { value: a.id });
};

const broken = (): void => {
  const bad = new Thing("bad", { value: new Thing("a").id });
  void new Thing("never", { value: bad.id });
};

const optioned = (options: ConstructorParameters<typeof Thing>[2]) => (): void => {
  const c: Resource = new Component("c").child;
  void new Thing("a", {}, { ...options, dependsOn: [c] });
};

/** What both engines must do alike: the same calls, exit codes and states. */
export const SCENARIOS: Readonly<Record<string, readonly ScenarioStep[]>> = {
  "delete before replace": [
    up(chainOf("dbr", "1")),
    preview(chainOf("dbr", "2")),
    up(chainOf("dbr", "2")),
    up(() => void new Thing("a", { dbr: "3" })),
  ],
  "create before delete": [up(chainOf("key", "1")), up(chainOf("key", "2"))],
  "replaceWith and deletedWith": [up(cascade("1")), up(cascade("2")), up(empty)],
  aliases: [up(renamed("old", "p", false)), up(renamed("new", "q", true))],
  providers: [up(placed("1")), up(placed("2")), up(() => void new Thing("a"))],
  "initialization errors": [failing("up", initialized({ init: "not yet" })), up(initialized({}))],
  "ignoreChanges and replaceOnChanges": [
    up(ignoring("1", {})),
    up(ignoring("2", {})),
    up(ignoring("3", { replaceOnChanges: ["deep.list"] })),
  ],
  secrets: [up(sealed("1")), preview(sealed("2")), up(sealed("2"))],
  "a failed create": [
    { world: (provider) => provider.failures.set("create:bad", "no") },
    failing("up", broken),
    up(() => void new Thing("a")),
  ],
  "a failed delete": [
    up(() => void new Thing("a", { key: "1" })),
    { world: (provider) => provider.failures.set("delete:a", "busy") },
    failing("up", () => void new Thing("a", { key: "2" })),
    { world: (provider) => provider.failures.clear() },
    up(() => void new Thing("a", { key: "2" })),
  ],
  protection: [
    up(guarded(true)),
    failing("destroy", empty),
    failing("preview", () => void new Thing("a")),
    up(guarded(false)),
    { run: "destroy", program: empty },
  ],
  imports: [
    { world: (provider) => provider.world.set("there", { value: "v" }) },
    preview(() => void new Thing("a", { value: "v" }, { import: "there" })),
    up(() => void new Thing("a", { value: "v" }, { import: "there" })),
    up(() => void new Thing("a", { value: "v" })),
  ],
  drift: [
    up(watched),
    { world: (provider) => provider.world.set("a-1", { value: "drifted" }) },
    { run: "refresh", program: empty },
    preview(watched),
    up(watched),
    { world: (provider) => provider.world.delete("a-1") },
    { run: "refresh", program: empty },
    up(() => void new Thing("a", { value: "v" })),
    { run: "destroy", program: empty },
  ],
  "drift, looked for first": [
    up(watched),
    { world: (provider) => provider.world.set("a-1", { value: "drifted" }) },
    { run: "preview", program: watched, settings: { refresh: true } },
    { run: "up", program: watched, settings: { refresh: true } },
    { world: (provider) => provider.world.delete("b-1") },
    { run: "up", program: watched, settings: { refresh: true } },
    { world: (provider) => provider.world.delete("a-1") },
    { run: "destroy", program: empty, settings: { refresh: true } },
  ],
  options: [
    up(optioned({ retainOnDelete: true })),
    up(optioned({ retainOnDelete: true, protect: true, customTimeouts: { update: "1m" } })),
    failing("up", () => void new Component("c")),
    up(optioned({ retainOnDelete: true })),
    up(() => void new Component("c")),
  ],
  ...PARTIAL_SCENARIOS,
};
