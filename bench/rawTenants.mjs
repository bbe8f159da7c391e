// The floor of many tenants: their database work in a plain `pg` script that knows everything beforehand, several at
// once over kept connections. Arguments: prefix, count, parallel, copy strategy.
// Environment: FLOOR_ADMIN_URL (server admin), FLOOR_MASTER_URL, FLOOR_TEMPLATE. Prints its wall time in ms.
import { createHash, createHmac, pbkdf2, randomBytes, randomUUID } from "node:crypto";
import { promisify } from "node:util";
import pg from "pg";

const [prefix, count, parallel, strategy] = process.argv.slice(2);
const { FLOOR_ADMIN_URL: adminUrl, FLOOR_MASTER_URL: masterUrl, FLOOR_TEMPLATE: template } = process.env;
const OWNER = "tenantry_template_owner";
const derive = promisify(pbkdf2);

let next = 0;
const startedAt = performance.now();
await Promise.all(Array.from({ length: Number(parallel) }, lane));
console.log(Math.round(performance.now() - startedAt));

async function lane() {
  const [admin, master] = [await open(adminUrl), await open(masterUrl)];
  for (let index = next++; index < Number(count); index = next++)
    await provision(admin, master, `${prefix}_${index}`);
  await admin.end();
  await master.end();
}

async function provision(admin, master, name) {
  const database = `tenant_${name}`;
  const role = `${database}_owner`;
  await admin.query(
    `CREATE ROLE ${role} LOGIN PASSWORD '${await verifier(randomBytes(24).toString("hex"))}'`,
  );
  await admin.query(`GRANT ${role} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE`);
  await admin.query(`CREATE DATABASE ${database} TEMPLATE ${template} OWNER ${role} STRATEGY ${strategy}`);
  await admin.query(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`);
  await fill(database, role, name);
  await master.query(
    "INSERT INTO identity.organization (id, slug, name) VALUES ($1, $2, $2) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
    [randomUUID(), `floor-${name}`],
  );
}

async function fill(database, role, name) {
  const inside = new URL(adminUrl);
  inside.pathname = `/${database}`;
  const client = await open(inside.href);
  const { rows } = await client.query(
    `SELECT nspname FROM pg_namespace WHERE nspowner = '${OWNER}'::regrole`,
  );
  for (const { nspname } of rows) await client.query(`ALTER SCHEMA ${nspname} OWNER TO ${role}`);
  await client.query(`REASSIGN OWNED BY ${OWNER} TO ${role}`);
  await client.query("INSERT INTO tenantry.admin (id, email) VALUES ($1, $2)", [
    randomUUID(),
    `admin@${name}.example`,
  ]);
  await client.end();
}

async function open(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

async function verifier(password) {
  const salt = randomBytes(16);
  const salted = await derive(password, salt, 4096, 32, "sha256");
  const stored = createHash("sha256")
    .update(createHmac("sha256", salted).update("Client Key").digest())
    .digest();
  const server = createHmac("sha256", salted).update("Server Key").digest();
  return `SCRAM-SHA-256$4096:${salt.toString("base64")}$${stored.toString("base64")}:${server.toString("base64")}`;
}
