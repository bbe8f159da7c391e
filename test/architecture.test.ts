import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");
const SRC = join(ROOT, "src");

/** Which rooms a room may import: the arrows of ARCHITECTURE.md. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  tenant: [],
  postgres: [],
  vault: [],
  edge: [],
  transfer: ["postgres", "tenant"],
  registry: ["postgres", "tenant"],
  hooks: ["tenant", "postgres", "registry"],
  listeners: ["registry", "postgres", "tenant"],
  access: ["registry", "postgres", "vault", "edge", "tenant"],
  provider: ["access", "hooks", "listeners", "registry", "postgres", "vault", "edge", "transfer", "tenant"],
  "provision.ts": ["tenant", "program"],
  program: ["tenant"],
  deploy: ["provider", "tenant"],
  operations: [
    "access",
    "deploy",
    "listeners",
    "hooks",
    "registry",
    "postgres",
    "vault",
    "edge",
    "transfer",
    "tenant",
    "status",
  ],
  status: ["registry", "postgres", "vault", "edge", "tenant"],
  fleet: ["operations", "deploy", "registry", "status", "tenant"],
  cli: [
    "access",
    "gate",
    "listeners",
    "operations",
    "deploy",
    "registry",
    "status",
    "tenant",
    "fleet",
    "provision.ts",
    "vault",
    "edge",
    "postgres",
    "transfer",
    "provider",
  ],
  engine: [],
  localcloud: [],
  gate: ["access", "postgres", "registry", "tenant"],
  console: ["registry", "fleet", "status"],
};

/** Rooms that others enter only through their index.ts. */
const DOORS_ONLY = [
  "access",
  "gate",
  "operations",
  "engine",
  "localcloud",
  "deploy",
  "provider",
  "registry",
  "postgres",
  "vault",
  "edge",
  "transfer",
  "hooks",
  "listeners",
  "status",
  "program",
];

describe("architecture", () => {
  test("every import follows an arrow", () => {
    const wrong = importsBetweenRooms().filter(({ from, to }) => !(MAY_IMPORT[from]?.includes(to) ?? false));
    expect(wrong.map(sentence)).toEqual([]);
  });

  test("other rooms are entered through their index.ts", () => {
    const wrong = importsBetweenRooms().filter(
      ({ to, target }) => DOORS_ONLY.includes(to) && !target.endsWith("index.ts"),
    );
    expect(wrong.map(sentence)).toEqual([]);
  });

  test("no room is missing from the table", () => {
    expect(readdirSync(SRC).filter((room) => !(room in MAY_IMPORT))).toEqual([]);
  });

  test("src imports nothing of the user-owned folders", () => {
    const wrong = sourceFiles().flatMap((file) =>
      importsOf(file).filter((path) => path.startsWith(".") && !resolve(dirname(file), path).startsWith(SRC)),
    );
    expect(wrong).toEqual([]);
  });
});

interface RoomImport {
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly target: string;
}

function importsBetweenRooms(): RoomImport[] {
  return sourceFiles().flatMap((file) =>
    importsOf(file)
      .filter((path) => path.startsWith("."))
      .map((path) => resolve(dirname(file), path))
      .map((target) => ({ file: relative(ROOT, file), from: roomOf(file), to: roomOf(target), target }))
      .filter(({ from, to }) => from !== to),
  );
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s[^;]*?from\s+"([^"]+)"|import\("([^"]+)"\)|(?:^|\n)import\s+"([^"]+)"/g;
  return [...text.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

function sourceFiles(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(SRC, name));
}

function roomOf(file: string): string {
  return relative(SRC, file).split("/")[0] ?? "";
}

function sentence({ file, to, target }: RoomImport): string {
  return `${file} imports ${relative(SRC, target)} of ${to}`;
}
