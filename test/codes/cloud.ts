import type { Environment } from "../support/localClients.ts";

const SUBSCRIPTION = "10ca1000-0000-4000-8000-000000000001";
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/tenantry-local/providers`;
const API_VERSIONS: Readonly<Record<string, string>> = {
  "Microsoft.KeyVault": "2023-07-01",
  "Microsoft.Network": "2018-05-01",
  "Microsoft.Cdn": "2024-02-01",
};

/** A call to Resource Manager, as an operator with `az rest` makes it. `path` begins with the resource provider. */
export async function callArm(
  environment: Environment,
  method: "GET" | "PUT" | "DELETE",
  path: string,
  body?: object,
): Promise<Record<string, unknown>> {
  const version = API_VERSIONS[path.split("/")[0] ?? ""];
  const response = await fetch(
    `${environment.arm.url.replace(/\/$/, "")}${GROUP}/${path}?api-version=${version}`,
    {
      method,
      headers: { authorization: `Bearer ${await token(environment)}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    },
  );
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === "" ? {} : JSON.parse(text);
}

async function token({ identity }: Environment): Promise<string> {
  const url = `${identity.endpoint}?api-version=2019-08-01&resource=https://management.azure.com/`;
  const response = await fetch(url, { headers: { "X-IDENTITY-HEADER": identity.header } });
  return ((await response.json()) as { access_token: string }).access_token;
}

/** Deletes a vault softly; its data plane no longer answers. Answers what recovers it with all its secrets. */
export async function takeVaultAway(environment: Environment, name: string): Promise<() => Promise<void>> {
  const path = `Microsoft.KeyVault/vaults/${name}`;
  const { location, tags, properties } = await callArm(environment, "GET", path);
  await callArm(environment, "DELETE", path);
  return async () => {
    const { vaultUri: _uri, provisioningState: _state, ...given } = properties as Record<string, unknown>;
    const recovered = { ...given, createMode: "recover" };
    await callArm(environment, "PUT", path, { location, tags, properties: recovered });
  };
}
