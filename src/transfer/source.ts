import type { ServerAdmin, TemplateContent } from "../postgres/index.ts";

/** A tenant's database to be copied. */
export interface BackupSource {
  readonly slug: string;
  readonly tenantId: string;
  /** Admin of its server. */
  readonly admin: ServerAdmin;
  readonly database: string;
  /** Owner of everything in it. */
  readonly role: string;
  /** What its schema was made of: SQL of schema `tenantry` and every migration file there is. */
  readonly content: TemplateContent;
}
