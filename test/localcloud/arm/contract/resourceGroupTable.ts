import { expect } from "vitest";
import { SUBSCRIPTION } from "../harness.ts";
import { RESULT_URL, type Row, STATUS_URL, SYSTEM_DATA } from "./rows.ts";

export const VERSION = "2025-04-01";
const PAGES = "https://learn.microsoft.com/rest/api/resources";
export const GROUPS = `/subscriptions/${SUBSCRIPTION}/resourceGroups`;
const ONE = `${GROUPS}/one`;
export const ASYNC = "https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations";
export const DELETION =
  "https://learn.microsoft.com/azure/azure-resource-manager/management/delete-resource-group";

const group = (tags: object) => ({
  id: ONE,
  name: "one",
  type: "Microsoft.Resources/resourceGroups",
  location: "westeurope",
  tags,
  properties: { provisioningState: "Succeeded" },
  systemData: SYSTEM_DATA,
});

export const ROWS: readonly Row[] = [
  {
    what: "PUT makes a group: 201",
    page: `${PAGES}/resource-groups/create-or-update`,
    request: ["PUT", ONE, VERSION, { location: "westeurope", tags: { a: "1" } }],
    status: 201,
    answer: group({ a: "1" }),
    headers: { "azure-asyncoperation": null, location: null },
  },
  {
    what: "PUT again updates it: 200",
    page: `${PAGES}/resource-groups/create-or-update`,
    request: ["PUT", ONE, VERSION, { location: "West Europe", tags: { b: "2" } }],
    status: 200,
    answer: group({ b: "2" }),
  },
  {
    what: "its location never changes",
    page: "https://github.com/Azure/azure-cli/issues/22242",
    request: ["PUT", ONE, VERSION, { location: "eastus" }],
    status: 409,
    error: {
      code: "InvalidResourceGroupLocation",
      message:
        "Invalid resource group location 'eastus'. The Resource group already exists in location 'westeurope'.",
    },
  },
  {
    what: "PATCH keeps what it doesn't name and replaces tags as a whole",
    page: `${PAGES}/resource-groups/update`,
    request: ["PATCH", ONE, VERSION, { tags: { c: "3" } }],
    status: 200,
    answer: group({ c: "3" }),
  },
  {
    what: "GET answers it",
    page: `${PAGES}/resource-groups/get`,
    request: ["GET", ONE, VERSION],
    status: 200,
    answer: group({ c: "3" }),
  },
  {
    what: "HEAD is 204 for one that is there",
    page: `${PAGES}/resource-groups/check-existence`,
    request: ["HEAD", ONE, VERSION],
    status: 204,
  },
  {
    what: "HEAD is 404 for one that isn't",
    page: `${PAGES}/resource-groups/check-existence`,
    request: ["HEAD", `${GROUPS}/none`, VERSION],
    status: 404,
  },
  {
    what: "GET of a missing group is ResourceGroupNotFound",
    page: "https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-not-found",
    request: ["GET", `${GROUPS}/none`, VERSION],
    status: 404,
    error: { code: "ResourceGroupNotFound", message: "Resource group 'none' could not be found." },
  },
  {
    what: "the list is a value of groups",
    page: `${PAGES}/resource-groups/list`,
    request: ["GET", GROUPS, VERSION],
    status: 200,
    answer: { value: [group({ c: "3" })] },
  },
  {
    what: "a list's $filter by tag isn't built and refused by name",
    page: `${PAGES}/resource-groups/list`,
    request: ["GET", `${GROUPS}?$filter=tagName%20eq%20'c'`, VERSION],
    status: 400,
    error: { code: "UnsupportedByLocalCloud", message: expect.stringContaining("'$filter'") },
  },
  {
    what: "$top must be a number",
    page: `${PAGES}/resource-groups/list`,
    request: ["GET", `${GROUPS}?$top=none`, VERSION],
    status: 400,
    error: { code: "BadRequest", message: expect.stringContaining("'none'") },
  },
  {
    what: "DELETE takes the published types to force",
    page: `${PAGES}/resource-groups/delete`,
    request: [
      "DELETE",
      `${ONE}?forceDeletionTypes=Microsoft.Compute/virtualMachines,Microsoft.Compute/virtualMachineScaleSets`,
      VERSION,
    ],
    status: 202,
    headers: { location: RESULT_URL, "azure-asyncoperation": STATUS_URL, "retry-after": "1" },
  },
  {
    what: "DELETE with another type to force is refused",
    page: `${PAGES}/resource-groups/delete`,
    request: ["DELETE", `${GROUPS}/none?forceDeletionTypes=Microsoft.Storage/storageAccounts`, VERSION],
    status: 400,
    error: {
      code: "UnsupportedByLocalCloud",
      message: expect.stringContaining("'Microsoft.Storage/storageAccounts'"),
    },
  },
];
