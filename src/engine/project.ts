import { statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { readIfPresent } from "./durableFile.ts";
import { EngineError, messageOf, refuse } from "./errors.ts";

/** What runs the program. */
export interface Runtime {
  /** `nodejs`, …; empty when the project names none. */
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** What the engine needs of Pulumi.yaml. */
export interface Project {
  readonly name: string;
  /** Folder of Pulumi.yaml. */
  readonly root: string;
  readonly runtime: Runtime;
  /** Folder of the program; plugins run in it. */
  readonly programFolder: string;
  /** The program's file in that folder, or `.` when the folder's package says which. */
  readonly entryPoint: string;
  readonly backendUrl: string | undefined;
  /** Folders of plugins by package name (`plugins.providers[].path`). */
  readonly pluginPaths: ReadonlyMap<string, string>;
  /** Config values that hold for every stack, by `namespace:key`. */
  readonly defaults: ReadonlyMap<string, unknown>;
}

/** Settings that change what a run does and that this engine doesn't have. */
const REFUSED_KEYS = ["options", "packages", "stackConfigDir"];
const NAMES = ["Pulumi.yaml", "Pulumi.yml", "Pulumi.json"];

interface ProjectYaml {
  name?: string;
  main?: string;
  runtime?: string | { name?: string; options?: Record<string, unknown> };
  backend?: { url?: string };
  plugins?: { providers?: { name?: string; path?: string; version?: string }[] };
  config?: Record<string, unknown>;
}

/** Reads the project in `folder`. */
export async function loadProject(folder: string): Promise<Project> {
  for (const name of NAMES) {
    const text = await readIfPresent(join(folder, name));
    if (text !== undefined) return projectOf(parseYaml(text, join(folder, name)) as ProjectYaml, folder);
  }
  throw new EngineError(`no Pulumi.yaml project file found in '${folder}'`);
}

/** Texts kept with what they say: every command of every stack reads the same few files. */
const MAX_PARSED = 16;
const parsed = new Map<string, unknown>();

/** Parses YAML (JSON too); throws naming the file. The value is shared: not to be changed in place. */
export function parseYaml(text: string, path: string): unknown {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  try {
    const value: unknown = parse(text) ?? {};
    if (parsed.size >= MAX_PARSED) parsed.clear();
    parsed.set(text, value);
    return value;
  } catch (error) {
    throw new EngineError(`could not read '${path}': ${messageOf(error)}`);
  }
}

function projectOf(yaml: ProjectYaml, root: string): Project {
  for (const key of REFUSED_KEYS) if (key in yaml) throw refuse(`'${key}' in the project file in '${root}'`);
  if (!yaml.name) throw new EngineError(`the project file in '${root}' has no 'name'`);
  const { runtime } = yaml;
  const main = resolve(root, yaml.main ?? ".");
  const isFile = statSync(main, { throwIfNoEntry: false })?.isFile() ?? false;
  const providers = yaml.plugins?.providers ?? [];
  return {
    name: yaml.name,
    root,
    runtime:
      typeof runtime === "string"
        ? { name: runtime, options: {} }
        : { name: runtime?.name ?? "", options: runtime?.options ?? {} },
    programFolder: isFile ? dirname(main) : main,
    entryPoint: isFile ? basename(main) : ".",
    backendUrl: yaml.backend?.url,
    pluginPaths: new Map(providers.map(({ name, path }) => [name ?? "", path ?? ""] as const)),
    defaults: new Map(
      Object.entries(yaml.config ?? {}).map(([key, value]) => [key, defaultOf(value)] as const),
    ),
  };
}

/** A config declaration is the value itself or `{type, default, value, …}`. */
function defaultOf(declaration: unknown): unknown {
  if (typeof declaration !== "object" || declaration === null || Array.isArray(declaration))
    return declaration;
  const { value, default: fallback } = declaration as { value?: unknown; default?: unknown };
  return value ?? fallback;
}
