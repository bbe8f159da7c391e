/**
 * Version of schema `tenantry` in every tenant's database. A higher one is an input of every tenant, so the next `up` brings
 * databases that are there to it.
 */
export const TENANT_SCHEMA_VERSION = 2;
