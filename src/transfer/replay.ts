import {
  type Client,
  createEmptyDatabase,
  dropDatabase,
  migrate,
  type ServerAdmin,
  type TemplateContent,
  withConnection,
  withDatabase,
  withTransaction,
} from "../postgres/index.ts";

/** Makes a database owned by `role` with this schema and runs `body` in it, as the admin. A leftover of its name goes first. */
export async function withReplayedDatabase<T>(
  admin: ServerAdmin,
  name: string,
  role: string,
  content: TemplateContent,
  body: (client: Client) => Promise<T>,
): Promise<T> {
  await dropDatabase(admin.client, name);
  await createEmptyDatabase(admin, name, role);
  return withConnection(withDatabase(admin.url, name), admin.options, async (client) => {
    await withTransaction(client, () => client.query(content.baseSql), { role });
    await migrate(client, content.files, { role });
    return body(client);
  });
}
