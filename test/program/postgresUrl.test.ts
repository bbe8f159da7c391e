import fc from "fast-check";
import pgConnectionString from "pg-connection-string";
import { describe, expect, test } from "vitest";
import { postgresUrl, serverAddress } from "../../src/program/index.ts";

describe("postgresUrl", () => {
  test("round-trips any password through a client's parser", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1 }), (password) => {
        const url = postgresUrl({
          host: "127.0.0.1",
          port: 5433,
          user: "tenant_a_owner",
          password,
          database: "tenant_a",
        });
        const parsed = pgConnectionString.parse(url);
        expect(parsed.password).toBe(password);
        expect(new URL(url).username).toBe("tenant_a_owner");
      }),
    );
  });

  test("verifies TLS everywhere but on loopback", () => {
    const parts = { port: 5432, user: "u", password: "p", database: "d" };
    expect(postgresUrl({ ...parts, host: "db.postgres.database.azure.com" })).toBe(
      "postgres://u:p@db.postgres.database.azure.com:5432/d?sslmode=verify-full",
    );
    expect(postgresUrl({ ...parts, host: "127.0.0.1" })).toBe(
      "postgres://u:p@127.0.0.1:5432/d?sslmode=disable",
    );
  });
});

describe("serverAddress", () => {
  test("takes Azure's port where the name has none", () => {
    expect(serverAddress("db-01.postgres.database.azure.com")).toEqual({
      host: "db-01.postgres.database.azure.com",
      port: 5432,
    });
  });

  test("splits off the port that the local cloud's names have", () => {
    expect(serverAddress("127.0.0.1:40123")).toEqual({ host: "127.0.0.1", port: 40123 });
  });
});
