import { describe, expect, test } from "vitest";
import { parse, problemsOf } from "./parsing.ts";
import { entryText } from "./project.ts";

describe("plain secrets", () => {
  const REFUSED =
    "expected no secret in a file that Git keeps; got a value that looks like one. Keep it in Key Vault.";

  test.each([
    "settings: { dbPassword: c4n4ry }",
    "settings: { api_key: c4n4ry }",
    "settings: { nested: { list: [{ accessToken: c4n4ry }] } }",
    "settings: { smtp: 'smtps://user:c4n4ry@mail.example:465' }",
    "settings: { url: postgres://acme:c4n4ry@db.example/acme }",
    "settings: { storage: 'DefaultEndpointsProtocol=https;AccountKey=c4n4ry==' }",
    "settings: { PASSWORD: 12345678 }",
    "settings: { token: [c4n4ry] }",
    "labels: { connectionString: c4n4ry }",
    "password: c4n4ry",
    "overrides: { prod: { settings: { clientSecret: c4n4ry } } }",
    "legalName: postgres://acme:c4n4ry@db.example/acme",
  ])("%s is refused and not repeated", (line) => {
    const { problems } = parse(entryText(line));
    expect(problems.map(({ text }) => text)).toEqual([REFUSED]);
    expect(JSON.stringify(problems)).not.toContain("c4n4ry");
  });

  test.each([
    "settings: { maxTokens: 1000, tokenLimit: 5, passwordPolicy: strict, mustResetPassword: true }",
    "settings: { clientSecretRef: kv-name, keyboard: qwerty, homepage: 'https://acme.example/a:b@c' }",
    "settings: { secret: }",
  ])("%s is none", (line) => {
    expect(parse(entryText(line)).problems).toEqual([]);
  });

  test("a wrong value that holds a credential is not repeated by another problem", () => {
    const text = entryText().replace("admin@acme.example", "postgres://u:c4n4ry@h/d");
    expect(problemsOf(text).join()).not.toContain("c4n4ry");
  });
});
