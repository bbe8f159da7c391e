import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Component, Harness } from "./support/harness.ts";

const program = async (): Promise<void> => void new Component("c");

describe("a step's events are the official engine's", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
  });
  afterEach(() => harness.close());

  test("`up`: a component ends with its outputs, a default provider is told but not counted", async () => {
    expect(await harness.up(program)).toEqual({ create: 3 });
    expect(told(harness.events)).toEqual([
      ...["began create demo-dev", "began create c"],
      ...["began create default_1_2_3", "ended create default_1_2_3"],
      ...["began create c-child", "ended create c-child", "ended create c", "ended create demo-dev"],
    ]);
  });

  test("`preview`: a component is told twice", async () => {
    expect(await harness.preview(program)).toEqual({ create: 3 });
    expect(told(harness.events)).toEqual([
      ...["began create demo-dev", "ended create demo-dev", "began create c", "ended create c"],
      ...["began create default_1_2_3", "ended create default_1_2_3"],
      ...["began create c-child", "ended create c-child", "ended create c", "ended create demo-dev"],
    ]);
  });

  test("`refresh`: a step ends as what it found, and keeps its name in an `up --refresh`", async () => {
    await harness.up(program);
    harness.provider.world.set("c-child-1", { value: "drifted" });
    const stack = await harness.stack(program);
    harness.events.length = 0;
    await stack.refresh({ onEvent: (event) => harness.events.push(event) });
    expect(ends(harness.events)).toEqual([
      ...["ended same c", "ended same default_1_2_3", "ended same demo-dev", "ended update c-child"],
    ]);
    harness.events.length = 0;
    await stack.up({ refresh: true, onEvent: (event) => harness.events.push(event) });
    expect(ends(harness.events).filter((line) => line.startsWith("ended refresh"))).toHaveLength(4);
  });
});

function told(events: readonly EngineEvent[]): readonly string[] {
  return events.flatMap(({ resourcePreEvent: began, resOutputsEvent: ended }) => [
    ...(began === undefined ? [] : [`began ${began.metadata.op} ${nameOf(began.metadata.urn)}`]),
    ...(ended === undefined ? [] : [`ended ${ended.metadata.op} ${nameOf(ended.metadata.urn)}`]),
  ]);
}

function ends(events: readonly EngineEvent[]): readonly string[] {
  return told(events)
    .filter((line) => line.startsWith("ended"))
    .toSorted();
}

function nameOf(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}
