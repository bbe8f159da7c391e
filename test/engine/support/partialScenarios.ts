import { Component, TestInstance, Thing, urnOf } from "./harness.ts";
import type { RunSettings, ScenarioStep } from "./scenarios.ts";

type Kind = "up" | "preview" | "refresh" | "destroy";

const step = (run: Kind, program: () => void, settings: RunSettings = {}): ScenarioStep => ({
  run,
  program,
  settings,
});
const failing = (run: Kind, program: () => void, settings: RunSettings = {}): ScenarioStep => ({
  run,
  program,
  settings,
  fails: true,
});
const empty = (): void => undefined;

/** `b` and `c` need `a`, `d` needs `c`, `e` nothing. */
const family =
  (text: string, without: readonly string[] = []) =>
  (): void => {
    const inputs = (name: string) => (without.includes(name) ? undefined : { value: `${name}${text}` });
    const a = new Thing("a", inputs("a"));
    const b = new Thing("b", { ...inputs("b"), from: a.id });
    const c = new Thing("c", { ...inputs("c"), from: a.id });
    void new Thing("d", { ...inputs("d") }, { dependsOn: [c] });
    void new Thing("e", { ...inputs("e") });
    void b;
  };

const tree = (text: string) => (): void => {
  const top = new Component("top");
  const under = new Thing("under", { value: text }, { parent: top.child });
  void new Thing("beside", { value: text, from: under.id });
};

const keyed = (input: "key" | "dbr", text: string) => (): void => {
  const a = new Thing("a", { [input]: text });
  const b = new Thing("b", { key: a.id });
  void new Thing("c", { value: b.id });
};

const grown = (): void => {
  const fresh = new Thing("fresh", { value: "new" });
  void new Thing("a", { value: "2", from: fresh.id });
  void new Thing("e", { value: "2" });
};

const placed = (region: string, text: string) => (): void => {
  const provider = new TestInstance("p", { region });
  const a = new Thing("a", { value: text }, { provider });
  void new Thing("b", { value: text, from: a.id }, { provider });
};

const guarded = (): void => {
  const a = new Thing("a");
  const b = new Thing("b", { from: a.id }, { protect: true });
  void new Thing("c", { from: b.id });
  void new Thing("d");
};

const fails = (...calls: readonly string[]): ScenarioStep => ({
  world: (provider) => {
    provider.failures.clear();
    for (const call of calls) provider.failures.set(call, "not now");
  },
});

/** Runs about a part of a stack, and runs that go on after a failure. */
export const PARTIAL_SCENARIOS: Readonly<Record<string, readonly ScenarioStep[]>> = {
  "targets of an update": [
    step("up", family("1")),
    step("preview", family("2"), { target: [urnOf("a")] }),
    step("up", family("2"), { target: [urnOf("a")] }),
    step("up", family("3"), { target: [urnOf("c")], targetDependents: true }),
    step("up", family("4"), { target: ["urn:pulumi:dev::**::e"] }),
    step("up", family("5"), { target: ["urn:pulumi:dev::demo::*::e", urnOf("b")] }),
    step("up", family("6"), { target: ["*e"] }),
    step("up", family("7")),
  ],
  "targets and what they need": [
    step("up", () => void new Thing("e", { value: "1" })),
    failing("preview", grown, { target: [urnOf("a")] }),
    failing("up", grown, { target: [urnOf("a")] }),
    step("up", grown, { target: [urnOf("e")] }),
    step("up", grown, { target: [urnOf("fresh"), urnOf("a")] }),
    failing("up", grown, { target: [urnOf("nothing")] }),
    failing("up", grown, { replace: [urnOf("nothing")] }),
    failing("destroy", empty, { target: [urnOf("nothing")] }),
    failing("refresh", empty, { target: [urnOf("nothing")] }),
    failing("refresh", empty, { exclude: [urnOf("nothing")] }),
    step("up", grown, { exclude: [urnOf("nothing")] }),
  ],
  "targets of a destroy": [
    step("up", family("1")),
    failing("destroy", empty, { target: [urnOf("c")] }),
    step("destroy", empty, { target: [urnOf("e")] }),
    step("destroy", empty, { target: [urnOf("c")], targetDependents: true }),
    step("destroy", empty, { target: [urnOf("b"), urnOf("a")] }),
    step("destroy", empty),
  ],
  "targets dropped from the program": [
    step("up", family("1")),
    step("up", () => void new Thing("a", { value: "2" }), { target: [urnOf("d"), urnOf("b")] }),
    failing("up", () => void new Thing("e", { value: "2" }), { target: [urnOf("a")] }),
    step("up", () => void new Thing("e", { value: "2" }), { target: [urnOf("a")], targetDependents: true }),
  ],
  "targets of a refresh": [
    step("up", family("1")),
    {
      world: ({ world }) => {
        for (const id of world.keys()) world.set(id, { value: "drifted" });
      },
    },
    step("refresh", empty, { target: [urnOf("a")] }),
    step("refresh", empty, { target: [urnOf("c")], targetDependents: true }),
    step("refresh", empty, { exclude: [urnOf("e")] }),
    step("up", family("1"), { target: [urnOf("b")], refresh: true }),
    step("up", family("1"), { exclude: [urnOf("a")], excludeDependents: true, refresh: true }),
  ],
  "targets and components": [
    step("up", tree("1")),
    step("up", tree("2"), { target: [urnOf("top", "demo:index:Component")], targetDependents: true }),
    step("up", tree("3"), { target: [urnOf("beside")] }),
    failing("destroy", empty, { target: [urnOf("top", "demo:index:Component")] }),
    step("destroy", empty, { target: [urnOf("top", "demo:index:Component")], targetDependents: true }),
  ],
  "targets and providers": [
    step("up", placed("eu", "1")),
    step("up", placed("us", "2"), { target: [urnOf("b")] }),
    step("up", placed("us", "3"), { target: [urnOf("p", "pulumi:providers:test")], targetDependents: true }),
    step("up", placed("us", "4"), {
      exclude: [urnOf("p", "pulumi:providers:test")],
      excludeDependents: true,
    }),
    step("destroy", empty, { target: [urnOf("p", "pulumi:providers:test")], targetDependents: true }),
  ],
  "targets and replacements": [
    step("up", keyed("key", "1")),
    step("up", keyed("key", "2"), { target: [urnOf("a")] }),
    step("up", keyed("key", "2")),
    step("up", keyed("key", "3"), { exclude: [urnOf("a")] }),
  ],
  "targets and delete before replace": [
    step("up", keyed("dbr", "1")),
    step("up", keyed("dbr", "2"), { target: [urnOf("a")] }),
    step("up", keyed("dbr", "2")),
  ],
  excludes: [
    step("up", family("1")),
    step("up", family("2"), { exclude: [urnOf("a"), urnOf("e")] }),
    step("up", family("3"), { exclude: [urnOf("c")], excludeDependents: true }),
    step("preview", empty, { exclude: [urnOf("d")] }),
    step("up", empty, { exclude: [urnOf("d")] }),
    step("destroy", empty, { exclude: [urnOf("c")] }),
    step("destroy", empty),
  ],
  "excluded dependents": [
    step("up", family("1")),
    step("up", empty, { exclude: [urnOf("b")], excludeDependents: true }),
  ],
  "forced replacement": [
    step("up", family("1")),
    step("preview", family("1"), { replace: [urnOf("a")] }),
    step("up", family("1"), { replace: [urnOf("a")] }),
    step("up", family("2"), { replace: [urnOf("c")], target: [urnOf("c")] }),
    step("up", family("2"), { replace: [urnOf("c")], target: [urnOf("e")] }),
    step("up", family("2"), { replace: ["**::Thing::*"] }),
  ],
  "protected and excluded": [
    step("up", guarded),
    step("destroy", empty, { excludeProtected: true }),
    step("destroy", empty, { excludeProtected: true }),
  ],
  "going on after failed creates": [
    fails("create:a", "create:e"),
    failing("up", family("1"), { continueOnError: true }),
    fails("create:c"),
    failing("up", family("1"), { continueOnError: true }),
    fails(),
    step("up", family("1")),
  ],
  "going on after failed updates": [
    step("up", family("1")),
    fails("update:a"),
    failing("up", family("2"), { continueOnError: true }),
    fails("update:c"),
    failing("up", () => void family("3", ["e"])(), { continueOnError: true }),
    fails(),
    step("up", family("3")),
  ],
  "going on after failed deletes": [
    step("up", family("1")),
    fails("delete:d"),
    failing("destroy", empty, { continueOnError: true }),
    fails("delete:a"),
    failing("up", () => void new Thing("new"), { continueOnError: true }),
    fails(),
    step("destroy", empty, { continueOnError: true }),
  ],
  "going on after a failed replacement": [
    step("up", keyed("key", "1")),
    fails("create:b"),
    failing("up", keyed("key", "2"), { continueOnError: true }),
    fails(),
    step("up", keyed("key", "2")),
    fails("create:a"),
    failing("up", keyed("dbr", "3"), { continueOnError: true }),
    fails(),
    step("up", keyed("dbr", "3")),
  ],
  "going on after initialization errors": [
    failing(
      "up",
      () => {
        const a = new Thing("a", { init: "not yet" });
        void new Thing("b", { from: a.id });
        void new Thing("c");
      },
      { continueOnError: true },
    ),
  ],
  "a refused input ends a run that goes on": [
    failing(
      "up",
      () => {
        void new Thing("bad", { refuse: "no" });
      },
      { continueOnError: true },
    ),
  ],
};
