import { engineChoices } from '../../engines/createEngine.js';
import { AUTO_THREADS } from '../threads/configuredThreads.js';
import { settingsIn } from './builders.js';
import { above, atLeast, MOST_WORKERS, orNull, type SettingsOf, whole, wholeUpTo } from './setting.js';

const computation = settingsIn('Computation');
const run = settingsIn('Run');

const CHANGEABLE = { onResume: 'may change' } as const;

/** Settings of the computation. */
export const COMPUTATION_SETTINGS: SettingsOf<
  'engine' | 'threads' | 'precision' | 'f32Steps' | 'workers' | 'cache' | 'cacheMb' | 'rankTimeout'
> = {
  engine: computation.choice('auto', engineChoices, '<name>', 'engine', CHANGEABLE),
  threads: computation.number<number | null>(
    null,
    orNull(whole(0)),
    '<n>',
    'threads of computation; auto: all processors at hand, fewer while other processes take them. A number is kept, so that every run gives the same bits',
    {
      ...CHANGEABLE,
      names: { auto: AUTO_THREADS },
      unset: 'auto; of several ranks each its share, which is kept',
    },
  ),
  precision: computation.choice(
    'f32',
    ['auto', 'f32', 'tf32', 'bf16'],
    '<name>',
    'arithmetic of convolutions',
  ),
  f32Steps: computation.number(200, whole(0), '<n>', 'first steps in f32 where the precision is bf16', {
    onlyWith: { key: 'precision', values: ['auto', 'bf16'] },
  }),
  workers: computation.number(
    1,
    wholeUpTo(1, MOST_WORKERS),
    '<n>',
    'workers that make batches; each decodes images on up to two processors',
    CHANGEABLE,
  ),
  cache: computation.choice(
    'off',
    ['off', 'ram', 'disk'],
    '<place>',
    'where decoded images are kept between epochs',
    { ...CHANGEABLE, onlyWith: { key: 'data', values: ['imagefolder', 'webdataset'] } },
  ),
  cacheMb: computation.number<number | null>(null, orNull(whole(1)), '<n>', 'most megabytes of the cache', {
    ...CHANGEABLE,
    onlyWith: { key: 'cache', values: ['ram', 'disk'] },
    unset: 'half of the memory, or disk, that is free',
  }),
  rankTimeout: computation.number(
    600,
    above(0),
    '<s>',
    'seconds without progress after which a rank ends all ranks',
    CHANGEABLE,
  ),
};

/** Settings of what a run writes. */
export const RUN_SETTINGS: SettingsOf<'saveEvery' | 'checkpointSeconds' | 'accuraciesDir'> = {
  saveEvery: run.number(
    0,
    whole(0),
    '<epochs>',
    'epochs between checkpoints that are kept; 0: none',
    CHANGEABLE,
  ),
  checkpointSeconds: run.number(
    300,
    atLeast(0),
    '<s>',
    'seconds between checkpoints within an epoch',
    CHANGEABLE,
  ),
  accuraciesDir: run.path('<folder>', 'folder of accuracy.csv and accuracy_train.csv', {
    ...CHANGEABLE,
    unset: 'the run’s',
  }),
};
