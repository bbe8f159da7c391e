// Loads a module of src/ as one bundle, which starts three times as fast as hundreds of files through tsx. The bundle
// is a cache and no build step: it is named by the contents of src/, and the first run after an edit makes the next.
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, utimesSync } from "node:fs";
import { mkdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const SOURCE = join(ROOT, "src");
const BUNDLES = join(ROOT, "node_modules/.cache/tenantry");

/** The modules that processes begin with. */
const ENTRIES = ["cli/index.ts", "localcloud/daemon.ts", "provider/plugin.ts"];
/**
 * Packages of 9 MB and of 80 modules, which Pulumi's SDK loads at its start and only calls where a function is
 * serialized, as no program of ours does: they stay outside and load when something of them is asked for.
 */
const LATE = ["typescript", "@npmcli/arborist"];
/** Bundles of older sources go when nobody has begun with them for so long. */
const KEPT_MS = 24 * 60 * 60 * 1000;

/**
 * Imports a module of `src/`, named by its path in there. `TENANTRY_BUNDLE=off`, and a folder where nothing can be
 * written, take it through tsx.
 */
export async function launch(entry) {
  if (!existsSync(join(ROOT, "node_modules"))) {
    console.error("tenantry: its packages are not installed; run `npm ci` first.");
    process.exit(1);
  }
  const folder = process.env.TENANTRY_BUNDLE === "off" ? undefined : await bundleFolder();
  if (folder === undefined) return importSource(entry);
  globalThis[ROOT_KEY] = pathToFileURL(`${ROOT}/`).href;
  return import(pathToFileURL(join(folder, entry.replace(/\.ts$/, ".js"))).href);
}

/** What CommonJS packages call to load Node's own modules, and what comes late. */
const REQUIRE =
  'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url), __requireLate = require;';

/** Bundles don't know which checkout they serve: several with the same sources share one. */
const ROOT_KEY = "__tenantryRoot";

async function importSource(entry) {
  const { register } = await import("tsx/esm/api");
  register();
  return import(pathToFileURL(join(SOURCE, entry)).href);
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
    await mkdir(draft, { recursive: true });
    await writeBundle(draft);
    await rename(draft, folder);
    await removeOldBundles();
    return folder;
  } catch {
    await rm(draft, { recursive: true, force: true }).catch(() => undefined);
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

async function removeOldBundles() {
  for (const name of readdirSync(BUNDLES)) {
    const folder = join(BUNDLES, name);
    const { mtimeMs } = await stat(folder).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > KEPT_MS) await rm(folder, { recursive: true, force: true });
  }
}

async function writeBundle(outdir) {
  const { build, stop } = await import("esbuild");
  await build({
    absWorkingDir: ROOT,
    entryPoints: ENTRIES.map((entry) => join(SOURCE, entry)),
    outbase: SOURCE,
    outdir,
    bundle: true,
    splitting: true,
    platform: "node",
    target: "node20",
    format: "esm",
    logLevel: "error",
    banner: { js: REQUIRE },
    plugins: [
      { name: "late", setup: loadLate },
      { name: "places", setup: keepPlaces },
    ],
  });
  await stop();
}

function loadLate(bundler) {
  bundler.onResolve({ filter: new RegExp(`^(${LATE.join("|")})$`) }, ({ path }) => ({
    path,
    namespace: "late",
  }));
  bundler.onLoad({ filter: /.*/, namespace: "late" }, ({ path }) => ({ contents: lateModule(path) }));
}

function lateModule(name) {
  return `
    let loaded;
    const load = () => (loaded ??= __requireLate(${JSON.stringify(name)}));
    module.exports = new Proxy(function () {}, {
      get: (_, key) => key === "__esModule" || load()[key],
      has: (_, key) => key in load(),
      apply: (_, self, args) => load().apply(self, args),
      construct: (_, args) => new (load())(...args),
    });`;
}

/** Modules that ask where they are get the place of their source, not the bundle's. */
function keepPlaces(bundler) {
  bundler.onLoad({ filter: /\.[cm]?[jt]s$/ }, async ({ path }) => {
    const text = await readFile(path, "utf8");
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
