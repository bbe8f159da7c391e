export { checkFault } from "./checkFault.ts";
export {
  type FaultEffect,
  type FaultOrder,
  type FaultReport,
  type FaultService,
  isImmediate,
} from "./fault.ts";
export { Faults } from "./faults.ts";
export { withFaults } from "./httpFault.ts";
