import http from "node:http";
import { sendJson } from "../jsonHttp.ts";

/** The gate's header with the tenant's slug. */
const TENANT = "x-tenantry-tenant";

/** A stand-in for the tenants' application: answers with the tenant that the gate says a request is for. */
export function createApplication(): http.Server {
  return http.createServer((request, response) => {
    sendJson(response, 200, { slug: request.headers[TENANT], status: "active" });
  });
}
