import { extname } from "node:path";
import { type Document, isMap, isNode, isScalar, type Pair, parseDocument, visit, YAMLMap } from "yaml";
import { byConfigKey } from "./configOrder.ts";
import { parseConfigKey } from "./configPath.ts";
import { readIfPresent } from "./durableFile.ts";
import { EngineError, refuse } from "./errors.ts";
import { replaceUserFile } from "./userFile.ts";
import { editNode, keepItems, newNode } from "./yamlEdit.ts";

/** A stack's config file, opened for edits; comments, order and styles stay as they are. */
export class ConfigFile {
  readonly path: string;
  readonly #project: string;
  readonly #document: Document;
  readonly #isPadded: boolean;
  /** What entries shall be; undefined takes one away. */
  readonly #changes = new Map<string, unknown>();
  #newSalt: string | undefined;

  private constructor(path: string, project: string, text: string) {
    this.path = path;
    this.#project = project;
    // Whole numbers of any size stay what they are.
    this.#document = parseDocument(text, { intAsBigInt: true });
    this.#isPadded = hasPadding(this.#document, text);
  }

  /** Opens a file, or begins one; throws when it isn't a map in YAML. */
  static async open(path: string, project: string): Promise<ConfigFile> {
    if (![".yaml", ".yml"].includes(extname(path))) throw refuse(`edits of '${path}' (only YAML files)`);
    const file = new ConfigFile(path, project, (await readIfPresent(path)) ?? "");
    const [problem] = file.#document.errors;
    if (problem !== undefined) throw new EngineError(`could not read '${path}': ${problem.message}`);
    file.#document.contents ??= new YAMLMap() as never;
    if (!isMap(file.#document.contents)) throw new EngineError(`could not read '${path}': it is not a map`);
    return file;
  }

  /** Salt of the passphrase that its secrets are sealed with. */
  get salt(): string | undefined {
    const salt: unknown = this.#document.get("encryptionsalt");
    return typeof salt === "string" && salt !== "" ? salt : undefined;
  }

  /** What seals its secrets, if it says so. */
  get secretsProvider(): string {
    return String(this.#document.get("secretsprovider") ?? "");
  }

  /** All entries by `namespace:key`. */
  get keys(): readonly string[] {
    return (this.#entries(false)?.items ?? []).map((pair) => this.#entryOf(pair));
  }

  #entryOf({ key }: Pair): string {
    const name = String(isScalar(key) ? key.value : key);
    return parseConfigKey(name, false, this.#project).entry;
  }

  /** Gives it a salt, in place of the one it has. */
  setSalt(salt: string): void {
    this.#newSalt = salt;
  }

  /** An entry's value with secrets as `{secure}`; undefined when there is none. */
  get(entry: string): unknown {
    if (this.#changes.has(entry)) return this.#changes.get(entry);
    const pair = this.#pairOf(entry);
    return isNode(pair?.value) ? pair.value.toJS(this.#document) : pair?.value;
  }

  /** Sets an entry; undefined takes it away. */
  set(entry: string, value: unknown): void {
    this.#changes.set(entry, value);
  }

  /** Entries that are there keep their places; new ones come after them, sorted. */
  #apply(): void {
    if (this.#newSalt !== undefined) this.#document.set("encryptionsalt", this.#newSalt);
    for (const entry of [...this.#changes.keys()].sort(byConfigKey)) {
      const value = this.#changes.get(entry);
      const pair = this.#pairOf(entry);
      if (value === undefined) this.#remove(pair);
      else if (pair !== undefined) pair.value = editNode(this.#document, pair.value, value);
      else this.#entries(true)?.add(this.#document.createPair(entry, newNode(this.#document, value)));
    }
  }

  #remove(pair: Pair | undefined): void {
    const entries = this.#entries(false);
    if (pair === undefined || entries === undefined) return;
    keepItems(entries, (item) => item !== pair);
    if (entries.items.length === 0) this.#document.delete("config");
  }

  #pairOf(entry: string): Pair | undefined {
    return this.#entries(false)?.items.find((pair) => this.#entryOf(pair) === entry);
  }

  /** The map under `config`. */
  #entries(makes: boolean): YAMLMap | undefined {
    const node = this.#document.get("config", true);
    if (isMap(node)) return node as YAMLMap;
    const isNothing = node === undefined || (isScalar(node) && node.value === null);
    if (!isNothing) throw new EngineError(`could not read '${this.path}': 'config' is not a map`);
    if (!makes) return undefined;
    const entries = new YAMLMap();
    this.#document.set("config", entries);
    return entries;
  }

  /** Writes what was changed, if anything was said to be. */
  async save(): Promise<void> {
    if (this.#changes.size === 0 && this.#newSalt === undefined) return;
    this.#apply();
    const options = { lineWidth: 0, singleQuote: true, flowCollectionPadding: this.#isPadded };
    await replaceUserFile(this.path, this.#document.toString(options));
  }
}

/** Whether brackets have a space inside: `[ a ]`. */
function hasPadding(document: Document, text: string): boolean {
  let isPadded = false;
  visit(document, {
    Collection: (_key, { flow, range }) => {
      isPadded ||= flow === true && range != null && /^[[{] \S/.test(text.slice(range[0], range[0] + 3));
    },
  });
  return isPadded;
}
