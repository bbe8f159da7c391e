import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const SDK = dirname(createRequire(import.meta.url).resolve("@pulumi/azure-native/package.json"));

/** Kind of a value in the SDK: a scalar, `map` of text, a list, or members by name. */
export type SdkKind = "boolean" | "number" | "string" | "map" | readonly [SdkKind] | SdkMembers;
export interface SdkMembers {
  readonly [name: string]: SdkKind;
}

/** One resource class of `@pulumi/azure-native`, whose classes are generated from the plugin's schema. */
export interface SdkType {
  readonly inputs: SdkMembers;
  readonly required: readonly string[];
  /** Names of all outputs. */
  readonly outputs: readonly string[];
  /** Source of the class, where defaults, secrets and `replaceOnChanges` would stand. */
  readonly source: string;
}

const INPUT_TYPES = readFileSync(join(SDK, "types/input.d.ts"), "utf8");

/** Reads a class by its token, e.g. `azure-native:cdn:Route`. Throws when the SDK has none. */
export function sdkType(token: string): SdkType {
  const [, module = "", name = ""] = token.split(":");
  const folder = join(SDK, module);
  const file = readdirSync(folder).find(
    (entry) =>
      entry.endsWith(".js") &&
      readFileSync(join(folder, entry), "utf8").includes(`__pulumiType = '${token}'`),
  );
  if (file === undefined) throw new Error(`@pulumi/azure-native has no '${token}'`);
  const declaration = readFileSync(join(folder, file.replace(/\.js$/, ".d.ts")), "utf8");
  const args = members(block(declaration, `export interface ${name}Args {`, ""));
  const outputs = [...declaration.matchAll(/^ {4}readonly (\w+): pulumi\.Output</gm)];
  return {
    inputs: Object.fromEntries(args.map(({ key, type }) => [key, kindOf(type)])),
    required: args.filter(({ isOptional }) => !isOptional).map(({ key }) => key),
    outputs: outputs.map(([, output = ""]) => output),
    source: readFileSync(join(folder, file), "utf8"),
  };
}

interface Member {
  readonly key: string;
  readonly isOptional: boolean;
  readonly type: string;
}

function members(body: string): readonly Member[] {
  const plain = body.replaceAll(/\/\*\*[\s\S]*?\*\//g, "");
  const found = plain.matchAll(/^\s*(\w+)(\??): (pulumi\.Input<[\s\S]*?>);$/gm);
  return [...found].map(([, key = "", mark, type = ""]) => ({ key, isOptional: mark === "?", type }));
}

/** The lines between an opening line and its closing brace. */
function block(text: string, opening: string, indent: string, from = 0): string {
  const start = text.indexOf(`${indent}${opening}`, from);
  if (start < 0) throw new Error(`no '${opening}' in the SDK`);
  return text.slice(start + indent.length + opening.length, text.indexOf(`\n${indent}}`, start));
}

function kindOf(type: string): SdkKind {
  if (type.includes("[key: string]")) return "map";
  const list = /^pulumi\.Input<(pulumi\.Input<.*>)\[\]/s.exec(type);
  if (list !== null) return [kindOf(list[1] ?? "")];
  const reference = /inputs\.(\w+)\.(\w+)/.exec(type);
  if (reference !== null) return referenced(reference[1] ?? "", reference[2] ?? "");
  const scalar =
    /\b(string|number|boolean)\b/.exec(type)?.[1] ?? (type.includes("enums.") ? "string" : undefined);
  if (scalar === undefined) throw new Error(`unread type in the SDK: ${type}`);
  return scalar as SdkKind;
}

function referenced(module: string, name: string): SdkMembers {
  const namespace = INPUT_TYPES.indexOf(`export declare namespace ${module} {`);
  const body = block(INPUT_TYPES, `interface ${name} {`, "    ", namespace);
  return Object.fromEntries(members(body).map(({ key, type }) => [key, kindOf(type)]));
}
