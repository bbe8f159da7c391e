export { type CutOffOperation, readCutOffOperations } from "./cutOffOperations.ts";
export type {
  DeployEvent,
  Diagnostic,
  Difference,
  Operation,
  Properties,
  ResourceChange,
  RunResult,
} from "./deployEvents.ts";
export { isListenerLine } from "./deployEvents.ts";
export type {
  CommandOutcome,
  Deployer,
  DeployerOptions,
  DestroyOptions,
  HoldOptions,
  RunOptions,
} from "./deployer.ts";
export { chooseEngine, type EngineName } from "./engineChoice.ts";
export { killPointsOf } from "./killPoints.ts";
export { findOfficialCli, officialPath } from "./officialCommand.ts";
export { openDeployer } from "./openDeployer.ts";
export { RunFailedError } from "./runFailure.ts";
export type { StackHold } from "./stackHold.ts";
