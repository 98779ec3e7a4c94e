/** Environment variable of ranks that `launch` has started: the command line to start as many again, up to `train`. */
export const LAUNCH_VARIABLE = 'BIASLOSS_LAUNCH';
