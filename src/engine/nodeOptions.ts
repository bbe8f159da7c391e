import { EngineError, refuse } from "./errors.ts";
import type { Project } from "./project.ts";

/** How Node runs a program: what `runtime.options` in Pulumi.yaml says. */
export interface NodeOptions {
  /** Whether the SDK loads ts-node, the project's or its own. */
  readonly isTypeScript: boolean;
  readonly tsconfig: string | undefined;
  /** Arguments for `node` itself. */
  readonly nodeArgs: readonly string[];
}

/** Reads a project's runtime; refuses any but Node.js by name, and throws on options of the wrong type. */
export function nodeOptions(project: Project): NodeOptions {
  const { name } = project.runtime;
  if (name === "") throw new EngineError(`the project file in '${project.root}' has no 'runtime'`);
  if (name !== "nodejs") throw refuse(`the runtime '${name}' of the project file in '${project.root}'`);
  // How `pulumi install` installs: read there, checked here as officially.
  booleanOption(project, "production");
  textOption(project, "packagemanager");
  return {
    isTypeScript: booleanOption(project, "typescript") ?? true,
    tsconfig: textOption(project, "tsconfig") || undefined,
    nodeArgs: splitWords(textOption(project, "nodeargs") ?? ""),
  };
}

function booleanOption({ root, runtime }: Project, name: string): boolean | undefined {
  const value = runtime.options[name];
  if (value === undefined || typeof value === "boolean") return value;
  throw wrongType(root, name, "boolean", value);
}

function textOption({ root, runtime }: Project, name: string): string | undefined {
  const value = runtime.options[name];
  if (value === undefined || typeof value === "string") return value;
  throw wrongType(root, name, "string", value);
}

function wrongType(root: string, name: string, type: string, value: unknown): EngineError {
  return new EngineError(
    `the runtime option '${name}' of the project file in '${root}' must be a ${type}; got '${String(value)}'`,
  );
}

/** The words of a line as a shell splits it: quotes keep blanks together, a backslash takes the next character as it is. */
export function splitWords(line: string): readonly string[] {
  const word = /(?:[^\s'"\\]|'[^']*'|"(?:[^"\\]|\\.)*"|\\.)+/gs;
  if (line.replace(word, "").trim() !== "") {
    throw new EngineError(`the runtime option 'nodeargs' has a quote that isn't closed: ${line}`);
  }
  return [...line.matchAll(word)].map(([text]) => unquote(text));
}

function unquote(word: string): string {
  return word.replace(
    /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/gs,
    (_, plain?: string, quoted?: string, escaped?: string) =>
      plain ?? escaped ?? (quoted ?? "").replace(/\\(.)/gs, "$1"),
  );
}
