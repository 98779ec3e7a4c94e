import { SettingError, UsageError } from '../errors.js';
import { newConfig } from '../runs/openRun.js';
import { checkTrainSettings } from '../runs/settings/checkSettings.js';
import { besideGiven, recipeSettings } from '../runs/settings/recipes.js';
import type { TrainConfig } from '../runs/trainConfig.js';
import { readSweepFile, type SweepFile } from './sweepFile.js';
import { runsOf, type SweepRun } from './trials.js';

/** A run of a sweep whose settings hold. */
export interface PlannedRun extends SweepRun {
  readonly epochs: number;
}

/** A sweep whose runs can all be started. */
export interface SweepPlan extends Pick<SweepFile, 'recipe'> {
  readonly runs: readonly PlannedRun[];
}

/**
 * Reads a sweep's file and checks every run of it, before any is started.
 *
 * @param path of a JSON file
 * @throws UsageError when the file cannot be read, or a key or a run's settings are wrong
 */
export function planSweep(path: string): SweepPlan {
  const sweep = readSweepFile(path);
  const recipe = recipeSettings(sweep.recipe);
  return { recipe: sweep.recipe, runs: runsOf(sweep).map((run) => checked(run, recipe, path)) };
}

function checked(run: SweepRun, recipe: Partial<TrainConfig>, path: string): PlannedRun {
  try {
    const given = checkTrainSettings(run.settings);
    const { epochs, accuraciesDir } = newConfig(given, besideGiven(recipe, given));
    if (accuraciesDir !== null)
      throw new SettingError(
        (name) => `${name('accuraciesDir')} is for one run: those of a sweep would write the same files`,
      );
    return { ...run, epochs };
  } catch (error) {
    // By the keys of the file, not by flags.
    if (error instanceof SettingError) throw new UsageError(`${path}: the run ${run.name}: ${error.message}`);
    throw error;
  }
}
