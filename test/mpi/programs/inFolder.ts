/** Runs `biasloss` in a folder of each rank's own, called by its number: `inFolder.js ARGUMENT…`. */
import { runCommandLine } from '../../../src/cli/commandLine.js';
import { launchedRanks } from '../../../src/distributed/launcher.js';

process.chdir(String(launchedRanks().rank));
await runCommandLine(process.argv.slice(2));
