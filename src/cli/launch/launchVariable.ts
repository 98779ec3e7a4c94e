/** Environment variable of ranks that `launch` has started: the command line to start as many again, up to `train`. */
export const LAUNCH_VARIABLE = 'BIASLOSS_LAUNCH';

/** Variables that ranks on other machines get, too: our own, and what says where published weights are found and kept. */
const FORWARDED =
  /^(BIASLOSS_.*|HF_(TOKEN|ENDPOINT|HOME|HUB_CACHE|HUB_OFFLINE)|HUGGINGFACE_HUB_CACHE|TORCH_HOME)$/;

/** Names of the variables of an environment that all ranks get. */
export function variablesOfRanks(environment: NodeJS.ProcessEnv): string[] {
  return [LAUNCH_VARIABLE, ...Object.keys(environment).filter((name) => FORWARDED.test(name))];
}
