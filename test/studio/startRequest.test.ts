/** New runs with the settings of another: what the form sends makes the very same configuration. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { newConfig } from '../../src/runs/openRun.js';
import { checkTrainSettings } from '../../src/runs/settings/checkSettings.js';
import { besideGiven, RECIPES } from '../../src/runs/settings/recipes.js';
import { settingsOfRun } from '../../src/runs/settings/saved.js';
import { TRAIN_DEFAULTS } from '../../src/runs/settings/table.js';
import type { TrainConfig } from '../../src/runs/trainConfig.js';
import type {
  RunSummary,
  SettingDescription,
  SettingValues,
  StartRequest,
  StudioInfo,
} from '../../src/studio/api.js';
import { changedSettings } from '../../src/studio/table/runTable.js';
import { startRequest, typedSettings } from '../../src/studio/table/startRequest.js';
import { ask, withStudio } from './fixtures/studio.js';

const { baseLr, weightDecay } = TRAIN_DEFAULTS;
const OPTIMIZERS = ['sgd', 'adamw', 'rmsprop', 'lion'] as const;
const FOLDER = { data: 'imagefolder', dataPath: '/images' } as const;

/** Configurations of runs, as `config.json` has them. */
const CONFIGS: Readonly<Record<string, Partial<TrainConfig>>> = {
  ...Object.fromEntries(OPTIMIZERS.map((optimizer) => [optimizer, newConfig({ optimizer }, {})])),
  ...Object.fromEntries(
    OPTIMIZERS.map((optimizer) => [
      `${optimizer} with the values of SGD`,
      newConfig({ optimizer, baseLr, weightDecay }, {}),
    ]),
  ),
  'no milestones': newConfig({ milestones: [] }, {}),
  'other milestones': newConfig({ milestones: [3, 5.5], baseLr: 1 / 3 }, {}),
  'a path with spaces': newConfig({ ...FOLDER, dataPath: '/my images ' }, {}),
  'images of a list, by place': { ...newConfig({ ...FOLDER, exclude: '/list' }, {}), splitBy: 'place' },
  ...Object.fromEntries(
    Object.entries(RECIPES).map(([name, recipe]) => {
      const given = recipe.data === undefined ? FOLDER : {};
      return [`recipe ${name}`, newConfig(given, besideGiven(recipe, given))];
    }),
  ),
};

/** Settings that runs of older versions lack. */
const OLD: Partial<TrainConfig> = Object.fromEntries(
  Object.entries(newConfig(FOLDER, {})).filter(([key]) => key !== 'exif' && key !== 'splitBy'),
);

function writeConfig(runs: string, id: string, config: Partial<TrainConfig>): void {
  mkdirSync(join(runs, id));
  writeFileSync(join(runs, id, 'config.json'), JSON.stringify(config));
}

/** What a studio says of runs with these configurations. */
async function inStudio(
  configs: Readonly<Record<string, Partial<TrainConfig>>>,
  body: (runs: ReadonlyMap<string, RunSummary>, info: StudioInfo) => void,
): Promise<void> {
  await withStudio(async (studio, folder) => {
    for (const [id, config] of Object.entries(configs)) writeConfig(folder, id, config);
    const answer = async <T>(path: string): Promise<T> => JSON.parse((await ask(studio, path)).body) as T;
    const runs = await answer<RunSummary[]>('/api/runs');
    body(new Map(runs.map((run) => [run.id, run])), await answer<StudioInfo>('/api/info'));
  });
}

/** The configuration of a new run with another's settings, none of which is changed in the form. */
function copyOf({ settings: copied }: RunSummary, settings: readonly SettingDescription[]): TrainConfig {
  const request = startRequest(settings, typedSettings(settings, copied), { copied, name: '' });
  return newConfig(checkTrainSettings(JSON.parse(JSON.stringify(request.settings))), {});
}

describe('a new run with the settings of another', () => {
  it('has the same ones, whatever its optimiser’s and the table’s defaults are', () =>
    inStudio({ ...CONFIGS, old: OLD }, (runs, { settings }) => {
      for (const [id, config] of Object.entries(CONFIGS))
        assert.deepEqual(copyOf(runs.get(id)!, settings), config, id);
      assert.deepEqual(copyOf(runs.get('old')!, settings), settingsOfRun(OLD, 'old'), 'of an older version');
    }));

  it('has what was changed in the form besides', () =>
    inStudio(
      { one: newConfig({ milestones: [], seed: 3, optimizer: 'adamw' }, {}) },
      (runs, { settings }) => {
        const { settings: copied } = runs.get('one')!;
        const typed = typedSettings(settings, copied);
        assert.equal(typed.milestones, 'none', 'an empty field would be the default');
        const request = (changes: Readonly<Record<string, string>>): StartRequest =>
          startRequest(settings, { ...typed, ...changes }, { copied, name: 'two' });
        const values: SettingValues = { ...copied };
        assert.deepEqual(request({ seed: '4' }), { settings: { ...values, seed: 4 }, name: 'two' });
        const { seed: _, ...others } = values;
        assert.deepEqual(request({ seed: ' ' }), { settings: others, name: 'two' });
        assert.deepEqual(request({ milestones: '' }).settings.milestones, undefined);
      },
    ));
});

describe('the settings that a run’s page shows', () => {
  it('are those that are not the defaults of its optimiser', () =>
    inStudio(CONFIGS, (runs, info) => {
      const shown = (id: string): string[] =>
        changedSettings(runs.get(id)!.settings!, info)
          .map(({ key }) => key)
          .filter((key) => key !== 'dataPath');
      assert.deepEqual(shown('sgd'), []);
      assert.deepEqual(shown('adamw'), ['optimizer']);
      assert.deepEqual(shown('adamw with the values of SGD'), ['optimizer', 'baseLr', 'weightDecay']);
      assert.deepEqual(shown('rmsprop with the values of SGD'), ['optimizer', 'baseLr']);
      assert.deepEqual(shown('no milestones'), ['milestones']);
    }));
});
