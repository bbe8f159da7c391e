import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { backupFolder, backupPath, locationOf, pathOf } from "../../src/transfer/destination.ts";
import { readTar, type TarEntry, tarEnd, tarEntry } from "../../src/transfer/tar.ts";

const AT = new Date("2026-01-01T00:00:00Z");
const entries = fc.array(
  fc.record({
    name: fc.stringMatching(/^[a-z][a-z0-9./]{0,98}[a-z]$/),
    body: fc.uint8Array({ maxLength: 2000 }).map(Buffer.from),
  }),
);

async function read(stream: Buffer, pieceBytes: number): Promise<TarEntry[]> {
  async function* pieces() {
    for (let at = 0; at < stream.length; at += pieceBytes) yield stream.subarray(at, at + pieceBytes);
  }
  const found: TarEntry[] = [];
  for await (const entry of readTar(pieces())) found.push(entry);
  return found;
}

test("what was written comes back, however the stream is cut into pieces", async () => {
  await fc.assert(
    fc.asyncProperty(entries, fc.integer({ min: 1, max: 3000 }), async (files, pieceBytes) => {
      const stream = Buffer.concat([...files.map(({ name, body }) => tarEntry(name, body, AT)), tarEnd()]);
      const found = await read(stream, pieceBytes);
      expect(found.map(({ name, body }) => [name, body.toString("hex")])).toEqual(
        files.map(({ name, body }) => [name, body.toString("hex")]),
      );
    }),
    { numRuns: 60 },
  );
});

test("a stream without its end, or with a changed header, is damaged", async () => {
  const stream = Buffer.concat([tarEntry("a", Buffer.from("body"), AT), tarEnd()]);
  for (let length = 0; length < 1024 + 512; length += 64)
    await expect(read(stream.subarray(0, length), 512)).rejects.toThrow("the archive is cut off");
  stream[0] = 0x62;
  await expect(read(stream, 512)).rejects.toThrow("an entry's header doesn't fit its checksum");
});

test("the system's tar reads it", () => {
  const folder = mkdtempSync(join(tmpdir(), "tenantry-tar-"));
  writeFileSync(
    join(folder, "x.tar"),
    Buffer.concat([tarEntry("d/one.txt", Buffer.from("1"), AT), tarEnd()]),
  );
  execFileSync("tar", ["xf", "x.tar"], { cwd: folder });
  expect(readFileSync(join(folder, "d/one.txt"), "utf8")).toBe("1");
  rmSync(folder, { recursive: true });
});

test("destinations are folders, and locations give their path back", () => {
  expect(backupFolder("backups", "/project")).toBe("/project/backups");
  expect(backupFolder("file:backups", "/project")).toBe("/project/backups");
  expect(backupFolder("file:///var/a%20b", "/project")).toBe("/var/a b");
  const path = backupPath("/b", "acme", "final", new Date("2026-11-21T12:00:00.999Z"), "tar.gz");
  expect(path).toBe("/b/acme/20261121T120000Z-final.tar.gz");
  expect(pathOf(locationOf("/a b/ü#?.gz"))).toBe("/a b/ü#?.gz");
});
