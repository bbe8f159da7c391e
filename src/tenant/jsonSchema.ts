import * as z from "zod";
import { entrySchema } from "./entrySchema.ts";
import { planSchema } from "./plan.ts";

/** The editors' schemas by path relative to the root: what `npm run schema` writes and a test pins. */
export function jsonSchemas(): Readonly<Record<string, string>> {
  return {
    "schema/tenant.schema.json": render(entrySchema),
    "schema/plan.schema.json": render(planSchema),
  };
}

/** As an author writes it: fields with a default are optional. */
function render(schema: z.ZodType): string {
  return `${JSON.stringify(z.toJSONSchema(schema, { io: "input", target: "draft-2020-12" }), null, 2)}\n`;
}
