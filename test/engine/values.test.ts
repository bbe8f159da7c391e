import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { containsPath, parsePath, resetPath } from "../../src/engine/propertyPath.ts";
import { valueFromJson, valueToJson } from "../../src/engine/stateJson.ts";
import { createUrn, parseProviderReference, parseUrn } from "../../src/engine/urn.ts";
import {
  annotateSecrets,
  Computed,
  containsSecrets,
  containsUnknowns,
  equals,
  OutputValue,
  type PropertyMap,
  type PropertyValue,
  ResourceReference,
  Secret,
  unwrap,
} from "../../src/engine/value.ts";
import { fromStruct, toStruct } from "../../src/engine/wire.ts";

const key = fc.string({ minLength: 1, maxLength: 8 }).filter((text) => text !== "__proto__");

const value = fc.letrec<{ value: PropertyValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
    fc.string(),
    fc.constant(new Computed()),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }) as fc.Arbitrary<PropertyValue>,
    tie("value").map((element) => new Secret(element)),
    fc
      .record({ urn: fc.string(), id: fc.string() })
      .map(({ urn, id }) => new ResourceReference(urn, id, "1.0.0")),
  ),
})).value;

const everything = { keepSecrets: true, keepResources: true, keepUnknowns: true };

describe("values", () => {
  test("travel over the wire and come back equal", () => {
    fc.assert(
      fc.property(value, (original) => {
        const back = fromStruct(toStruct({ original }, everything));
        expect(equals(back.original, original)).toBe(true);
      }),
    );
  });

  test("are stored and come back equal, with secrets encrypted or in clear", () => {
    fc.assert(
      fc.property(value, fc.boolean(), (original, isPlain) => {
        const flip = (text: string): string => Buffer.from(text).toString("base64");
        const json = valueToJson(original, (plaintext) =>
          isPlain ? { plaintext } : { ciphertext: flip(plaintext) },
        );
        const text = JSON.stringify(json);
        const back = valueFromJson(JSON.parse(text), "urn", (cipher) =>
          Buffer.from(cipher, "base64").toString(),
        );
        expect(equals(back, original)).toBe(true);
      }),
    );
  });

  test("without their secrets hold the same plain parts", () => {
    fc.assert(
      fc.property(value, (original) => {
        expect(containsSecrets(unwrap(original))).toBe(false);
        expect(containsUnknowns(unwrap(original))).toBe(containsUnknowns(original));
        const wire = { ...everything, keepSecrets: false };
        expect(containsSecrets(fromStruct(toStruct({ original }, wire)).original ?? null)).toBe(false);
      }),
    );
  });

  test("output values become secrets and unknowns", () => {
    const outputs = { a: new OutputValue("x", true, ["urn"]), b: new OutputValue(undefined, false, []) };
    expect(fromStruct(toStruct(outputs, everything))).toEqual({ a: new Secret("x"), b: new Computed() });
  });

  test("a plain provider's answer gets its secrets back", () => {
    const answer: PropertyMap = { a: "x", nested: { deep: "y", other: "z" }, list: ["s"] };
    annotateSecrets(answer, {
      a: new Secret("x"),
      nested: { deep: new Secret("y") },
      list: [new Secret("s")],
    });
    expect(answer).toEqual({
      a: new Secret("x"),
      nested: { deep: new Secret("y"), other: "z" },
      list: new Secret(["s"]),
    });
  });
});

describe("property paths", () => {
  test.each([
    ["a", ["a"]],
    ["a.b[0].c", ["a", "b", 0, "c"]],
    ['a["b.c"][*]', ["a", "b.c", "*"]],
    ["#initerror", ["#initerror"]],
  ])("%s", (text, path) => {
    expect(parsePath(text)).toEqual(path);
  });

  test("broken ones are refused", () => {
    for (const text of ["a[", "a]", 'a["b', "a..b"])
      expect(() => parsePath(text)).toThrow("is not a property path");
  });

  test("contain what lies inside them", () => {
    expect(containsPath(parsePath("a.*.c"), parsePath("a.b.c.d"))).toBe(true);
    expect(containsPath(parsePath("a.b"), parsePath("a"))).toBe(false);
  });

  test("reset takes the old value and keeps the rest, secrets stay secret", () => {
    const olds = { a: { b: [1, 2] }, gone: "x" };
    const news = { a: new Secret({ b: [3, 4], c: 5 }) };
    expect(resetPath(parsePath("a.b[0]"), olds, news)).toEqual({ a: new Secret({ b: [1, 4], c: 5 }) });
    expect(resetPath(parsePath("gone"), olds, news)).toEqual({ ...news, gone: "x" });
    expect(resetPath(parsePath("added"), olds, { added: 1 })).toEqual({});
    expect(resetPath(parsePath("a.b[7]"), olds, news)).toBeUndefined();
  });
});

describe("URNs", () => {
  test("a child's URN holds its parents' types but the stack's", () => {
    const stack = createUrn("dev", "demo", "", "pulumi:pulumi:Stack", "demo-dev");
    const parent = createUrn("dev", "demo", stack, "x:y:Parent", "p");
    expect(createUrn("dev", "demo", parent, "x:y:Child", "a::b")).toBe(
      "urn:pulumi:dev::demo::x:y:Parent$x:y:Child::a::b",
    );
    expect(parseUrn("urn:pulumi:dev::demo::x:y:Child::a::b").name).toBe("a::b");
  });

  test("what isn't one is refused", () => {
    for (const text of ["", "urn:pulumi:dev", "urn:other:a::b::c::d"])
      expect(() => parseUrn(text)).toThrow("is not a URN");
    expect(() => parseProviderReference("urn:pulumi:dev::demo::t::n::")).toThrow(
      "is not a provider reference",
    );
  });
});
