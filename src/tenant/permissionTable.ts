import type { RoleName } from "./identitySeeds.ts";

/** What each role may do by default, in the application's own words; a plan may say otherwise. */
export const DEFAULT_PERMISSIONS: Readonly<Record<RoleName, readonly string[]>> = {
  TenantManagement: ["tenant:read", "tenant:write"],
  UserManagement: ["users:read", "users:write"],
  RoleManagement: ["roles:read", "roles:write"],
  GroupManagement: ["groups:read", "groups:write"],
  ClientManagement: ["apiKeys:read", "apiKeys:write", "applications:read", "applications:write"],
  IdentityProviderManagement: ["identityProviders:read", "identityProviders:write"],
  DashboardManagement: ["dashboards:read", "dashboards:write"],
  DashboardViewer: ["dashboards:read"],
  ReportingManagement: ["reports:read", "reports:write"],
  ReportingViewer: ["reports:read"],
};

/** Claims of a person that an application may ask for: OpenID Connect's own, and the tenant's roles. */
export const IDENTITY_RESOURCES: Readonly<Record<string, readonly string[]>> = {
  openid: ["sub"],
  profile: ["name", "preferred_username"],
  email: ["email"],
  roles: ["role"],
};
