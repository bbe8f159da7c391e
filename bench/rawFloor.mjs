// The floor: what one tenant's database work costs a plain `pg` script that knows everything beforehand.
// Arguments: name. Environment: FLOOR_ADMIN_URL (server admin), FLOOR_MASTER_URL, FLOOR_TEMPLATE.
import { createHash, createHmac, pbkdf2Sync, randomBytes, randomUUID } from "node:crypto";
import pg from "pg";

const name = process.argv[2];
const { FLOOR_ADMIN_URL: adminUrl, FLOOR_MASTER_URL: masterUrl, FLOOR_TEMPLATE: template } = process.env;
const database = `tenant_${name}`;
const role = `${database}_owner`;

const admin = new pg.Client({ connectionString: adminUrl });
await admin.connect();
await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD '${verifier(randomBytes(24).toString("hex"))}'`);
await admin.query(`GRANT ${role} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE`);
await admin.query(`CREATE DATABASE ${database} TEMPLATE ${template} OWNER ${role}`);
await admin.query(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`);
await admin.end();

const inside = new URL(adminUrl);
inside.pathname = `/${database}`;
const tenant = new pg.Client({ connectionString: inside.href });
await tenant.connect();
const { rows: schemas } = await tenant.query(
  "SELECT nspname FROM pg_namespace WHERE nspowner = 'tenantry_template_owner'::regrole",
);
for (const { nspname } of schemas) await tenant.query(`ALTER SCHEMA ${nspname} OWNER TO ${role}`);
await tenant.query(`REASSIGN OWNED BY tenantry_template_owner TO ${role}`);
await tenant.query("CREATE TABLE public.seeded_admin (id uuid PRIMARY KEY, email text NOT NULL)");
await tenant.query("INSERT INTO public.seeded_admin VALUES ($1, $2)", [
  randomUUID(),
  `admin@${name}.example`,
]);
await tenant.end();

const master = new pg.Client({ connectionString: masterUrl });
await master.connect();
await master.query(
  "INSERT INTO identity.organization (id, slug, name) VALUES ($1, $2, $2) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
  [randomUUID(), `floor-${name}`],
);
await master.end();

function verifier(password) {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, 4096, 32, "sha256");
  const stored = createHash("sha256")
    .update(createHmac("sha256", salted).update("Client Key").digest())
    .digest();
  const server = createHmac("sha256", salted).update("Server Key").digest();
  return `SCRAM-SHA-256$4096:${salt.toString("base64")}$${stored.toString("base64")}:${server.toString("base64")}`;
}
