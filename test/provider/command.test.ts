import grpc from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import type engineProto from "@pulumi/pulumi/proto/engine_pb.js";
import providerProto from "@pulumi/pulumi/proto/provider_pb.js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandEnvironment } from "../../src/tenant/commandEnvironment.ts";
import { connectEngine } from "./engine.ts";
import { provision, tenantInputs } from "./tenant.ts";
import { CANARY, startWorld, type World } from "./world.ts";

let world: World;
let warnings: string[];
let engineServer: grpc.Server;
let engineAddress: string;

beforeAll(async () => {
  world = await startWorld();
  warnings = [];
  engineServer = new grpc.Server();
  engineServer.addService(engineGrpc.EngineService, {
    log: (
      call: { request: engineProto.LogRequest },
      done: (error: null, answer: emptyProto.Empty) => void,
    ) => {
      warnings.push(call.request.getMessage());
      done(null, new emptyProto.Empty());
    },
  } as unknown as grpc.UntypedServiceImplementation);
  engineAddress = await new Promise<string>((resolve, reject) => {
    engineServer.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(`127.0.0.1:${port}`) : reject(error),
    );
  });
});
afterAll(async () => {
  engineServer?.forceShutdown();
  await world?.stop();
});

/** Inputs of Migrations with a team's own command. */
function withCommand(slug: string, tenantId: string, run: string, status = "active") {
  const inputs = tenantInputs(world, slug, { status }).migrations(tenantId);
  return { ...inputs, migrations: { kind: "command", run, dir: "migrations" } };
}

describe("migrations by a command", () => {
  test("get the tenant's URL by environment, and no credential of the platform", async () => {
    const { tenantId } = await provision(world, "knex");
    const script = `node -e "
      const leaked = Object.keys(process.env).filter((name) => /^(PULUMI|TENANTRY|AZURE|IDENTITY)_/.test(name));
      if (leaked.length > 0) throw new Error(leaked.join());
      const { Client } = require('pg');
      const client = new Client(process.env.DATABASE_URL);
      client.connect().then(() => client.query('CREATE TABLE made (id int)')).then(() => client.end());
    "`;
    process.env.PULUMI_CONFIG_PASSPHRASE = "hidden";
    try {
      await world.engine.create("Migrations", withCommand("knex", tenantId, script));
    } finally {
      delete process.env.PULUMI_CONFIG_PASSPHRASE;
    }
    expect(
      await world.query("tenant_knex", "SELECT tableowner FROM pg_tables WHERE tablename = 'made'"),
    ).toEqual([{ tableowner: "tenant_knex_owner" }]);
  });

  test("that fail are E_MIGRATIONS_FAILED with the end of what they printed, without the password", async () => {
    const { tenantId } = await provision(world, "flyway");
    const script = "echo url $DATABASE_URL; echo 'column x is missing' >&2; exit 3";
    const message = await world.engine
      .create("Migrations", withCommand("flyway", tenantId, script))
      .catch((error: Error) => error.message);
    expect(message).toMatch(
      /^E_MIGRATIONS_FAILED: Tenant 'flyway': .* ended with exit code 3; expected exit code 0/,
    );
    expect(message).toContain("column x is missing");
    expect(message).not.toContain(CANARY);
  });

  test("of a suspended tenant wait, and the engine's output says so", async () => {
    const { tenantId } = await provision(world, "prisma");
    const engine = connectEngine(world.provider.port);
    const hello = new providerProto.ProviderHandshakeRequest();
    hello.setEngineAddress(engineAddress);
    await new Promise((resolve, reject) =>
      engine.client.handshake(hello, (error, answer) => (error === null ? resolve(answer) : reject(error))),
    );
    await engine.configure(world.config);
    await engine.create("Migrations", withCommand("prisma", tenantId, "exit 1", "suspended"));
    expect(warnings).toEqual(["`exit 1` waits until tenant 'prisma' is active: its role may not log in."]);
    engine.close();
  });
});

test("a command's environment is the process's without anybody's credentials", () => {
  expect(
    commandEnvironment({
      PATH: "/bin",
      HOME: "/root",
      PGPASSWORD: "x",
      AZURE_CLIENT_SECRET: "x",
      NODE_ENV: "test",
    }),
  ).toEqual({ PATH: "/bin", HOME: "/root", NODE_ENV: "test" });
});
