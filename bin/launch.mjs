// Loads a module of src/ from one bundled file with V8's compiled code beside it, which starts four times as fast as a
// thousand files through tsx. The bundle is a cache and no build step: it is named by the contents of src/, and the
// first run after an edit makes the next.
import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { setFlagsFromString } from "node:v8";
import { constants, Script } from "node:vm";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const SOURCE = join(ROOT, "src");
const BUNDLES = join(ROOT, "node_modules/.cache/tenantry");

/** The modules that processes begin with. */
const ENTRIES = ["cli/index.ts", "gate/originGate.ts", "localcloud/daemon.ts", "provider/plugin.ts"];
/**
 * Packages of 9 MB and of 80 modules, which Pulumi's SDK loads at its start and only calls where a function is
 * serialized, as no program of ours does: they stay outside and load when something of them is asked for.
 */
const LATE = ["typescript", "@npmcli/arborist"];
/** Bundles of other sources that stay: those of checkouts that share these packages. */
const KEPT = 4;
/** Last line of a bundle that is whole. A power cut leaves files that are empty or end early; the doctor looks for it too. */
const END = "//# whole";
/** Longer than any process takes to read its bundle. */
const BEGIN_MS = 60_000;

/**
 * Loads a module of `src/`, named by its path in there. `use` names what the process is about to do, so that each use
 * finds the compiled code of the functions it calls. `TENANTRY_BUNDLE=off`, and a folder where nothing can be written,
 * take the sources through tsx.
 */
export async function launch(entry, use) {
  if (!existsSync(join(ROOT, "node_modules"))) {
    console.error("tenantry: its packages are not installed; run `npm ci` first.");
    process.exit(1);
  }
  const folder = process.env.TENANTRY_BUNDLE === "off" ? undefined : await bundleFolder();
  if (folder === undefined) return importSource(entry);
  const path = await wholeBundle(folder, `${nameOf(entry)}.cjs`);
  if (path === undefined) return importSource(entry);
  globalThis[ROOT_KEY] = pathToFileURL(`${ROOT}/`).href;
  globalThis[BUNDLE_KEY] = dirname(path);
  return runBundle(path, use);
}

/** Keeps the code that this process compiled for the next one with the same use, where there is none yet. */
export function rememberCode() {
  for (const each of unremembered.splice(0)) rememberScript(each);
}

function rememberScript({ script, path }) {
  const draft = `${path}.${process.pid}`;
  try {
    // A process of many stacks has another heap (src/engine/heapGrowth.ts); code made with other flags is refused.
    setFlagsFromString("--heap-growing-percent=0");
    writeFileSync(draft, script.createCachedData());
    renameSync(draft, path);
  } catch {
    // Another user's folder, or a full disk: the next process compiles again.
    rmSync(draft, { force: true });
  }
}

const unremembered = [];

/** Bundles don't know which checkout they serve: several with the same sources share one. */
const ROOT_KEY = "__tenantryRoot";
/** Where the doctor finds the bundle that runs. */
const BUNDLE_KEY = "__tenantryBundle";

async function importSource(entry) {
  const { register } = await import("tsx/esm/api");
  register();
  return import(pathToFileURL(join(SOURCE, entry)).href);
}

/** A bundle's path; a damaged one is made anew. Undefined where that can't be done. */
async function wholeBundle(folder, name) {
  if (isWhole(join(folder, name))) return join(folder, name);
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Another user's: the sources are there.
    return undefined;
  }
  const fresh = await bundleFolder();
  return fresh === undefined ? undefined : join(fresh, name);
}

/** By its end alone: reading all of it takes as long as running it. */
function isWhole(path) {
  if (!existsSync(path)) return false;
  const file = openSync(path, "r");
  try {
    const end = Buffer.alloc(END.length + 1);
    readSync(file, end, 0, end.length, Math.max(0, fstatSync(file).size - end.length));
    return end.toString("latin1") === `${END}\n`;
  } finally {
    closeSync(file);
  }
}

function runBundle(path, use) {
  const codePath = `${path}.${use}.code`;
  const hasCode = use !== undefined && existsSync(codePath);
  // Bundles are ASCII; as Latin-1 they take half the memory.
  const script = new Script(`(function (exports, require, module) {${readFileSync(path, "latin1")}\n})`, {
    filename: path,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    ...(hasCode ? { cachedData: readFileSync(codePath) } : {}),
  });
  if (use !== undefined && (!hasCode || script.cachedDataRejected))
    unremembered.push({ script, path: codePath });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(path), module);
  return module.exports;
}

/** Undefined where no bundle can be made: what is wrong with a source tsx says, and a disk that takes nothing costs time only. */
async function bundleFolder() {
  const folder = join(BUNDLES, fingerprint());
  if (existsSync(folder)) {
    markUsed(folder);
    return folder;
  }
  const draft = join(BUNDLES, `.${process.pid}-${randomBytes(4).toString("hex")}`);
  try {
    mkdirSync(draft, { recursive: true });
    await writeBundles(draft);
    renameSync(draft, folder);
    removeOldBundles();
    return folder;
  } catch {
    rmSync(draft, { recursive: true, force: true });
    // Another process may have been as quick.
    return existsSync(folder) ? folder : undefined;
  }
}

/** A name for what the bundle is made of: every source's path and contents, this file, the packages and Node. */
function fingerprint() {
  const hash = createHash("sha256").update(process.version);
  const names = readdirSync(SOURCE, { recursive: true }).filter((name) => name.endsWith(".ts"));
  for (const name of names.sort()) hash.update(`\0${name}\0`).update(readFileSync(join(SOURCE, name)));
  const others = [fileURLToPath(import.meta.url), join(ROOT, "node_modules/.package-lock.json")];
  for (const path of others.filter(existsSync)) hash.update("\0").update(readFileSync(path));
  return hash.digest("hex").slice(0, 32);
}

function markUsed(folder) {
  const now = new Date();
  try {
    utimesSync(folder, now, now);
  } catch (error) {
    // Another user's bundle: its owner keeps it.
    if (!["EACCES", "EROFS", "EPERM", "ENOENT"].includes(error.code)) throw error;
  }
}

/** A process has read all of its bundle soon after it began. */
function removeOldBundles() {
  const folders = readdirSync(BUNDLES).map((name) => join(BUNDLES, name));
  const byAge = folders.map((folder) => ({ folder, at: usedAt(folder) })).sort((a, b) => b.at - a.at);
  for (const { folder, at } of byAge.slice(KEPT)) {
    if (Date.now() - at > BEGIN_MS) rmSync(folder, { recursive: true, force: true });
  }
}

function usedAt(folder) {
  return statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

async function writeBundles(outdir) {
  const { build, stop } = await import("esbuild");
  await build({
    absWorkingDir: ROOT,
    entryPoints: ENTRIES.map((entry) => ({ in: join(SOURCE, entry), out: nameOf(entry) })),
    outdir,
    outExtension: { ".js": ".cjs" },
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    footer: { js: END },
    logLevel: "silent",
    plugins: [
      { name: "late", setup: loadLate },
      { name: "places", setup: keepPlaces },
    ],
  });
  await stop();
}

function nameOf(entry) {
  return entry.replace(/\.ts$/, "").replaceAll("/", "-");
}

function loadLate(bundler) {
  bundler.onResolve({ filter: new RegExp(`^(${LATE.join("|")})$`) }, ({ path, namespace }) =>
    namespace === "late" ? { path, external: true } : { path, namespace: "late" },
  );
  bundler.onLoad({ filter: /.*/, namespace: "late" }, ({ path }) => ({ contents: lateModule(path) }));
}

function lateModule(name) {
  return `
    let loaded;
    const load = () => (loaded ??= require(${JSON.stringify(name)}));
    module.exports = new Proxy(function () {}, {
      get: (_, key) => key === "__esModule" || load()[key],
      has: (_, key) => key in load(),
      apply: (_, self, args) => load().apply(self, args),
      construct: (_, args) => new (load())(...args),
    });`;
}

/** Modules that ask where they are get the place of their source, not the bundle's. */
function keepPlaces(bundler) {
  bundler.onLoad({ filter: /\.[cm]?[jt]s$/ }, ({ path }) => {
    const text = readFileSync(path, "utf8");
    if (!/import\.meta\.(url|dirname)|__dirname|__filename/.test(text)) return undefined;
    return { contents: withPlace(text, placeOf(path)), loader: path.endsWith("ts") ? "ts" : "js" };
  });
}

/** JavaScript for a file's URL: a source's in the checkout that runs, a package's where it lies. */
function placeOf(path) {
  if (!path.startsWith(SOURCE + sep)) return JSON.stringify(pathToFileURL(path).href);
  const inCheckout = relative(ROOT, path).split(sep).join("/");
  return `new URL(${JSON.stringify(inCheckout)}, globalThis.${ROOT_KEY}).href`;
}

function withPlace(text, url) {
  const path = `require("node:url").fileURLToPath(${url})`;
  const folder = `require("node:path").dirname(${path})`;
  const body = text
    .replaceAll("import.meta.url", `(${url})`)
    .replaceAll("import.meta.dirname", `(${folder})`);
  const isOwn = (name) => new RegExp(`(const|let|var) ${name}\\b`).test(text);
  const isAsked = (name) => new RegExp(`\\b${name}\\b`).test(text) && !isOwn(name);
  const head = [
    isAsked("__filename") ? `var __filename = ${path};` : "",
    isAsked("__dirname") ? `var __dirname = ${folder};` : "",
  ].join("");
  return body.startsWith("#!") ? body : `${head}${body}`;
}
