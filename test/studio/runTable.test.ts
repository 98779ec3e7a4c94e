import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { figureText } from '../../src/report/valueText.js';
import type { RunSummary, SettingDescription } from '../../src/studio/api.js';
import {
  csvOfRuns,
  differingSettings,
  groupedRuns,
  matchingRuns,
  metricText,
  type SortKey,
  settingText,
  sortedRuns,
  startedText,
} from '../../src/studio/table/runTable.js';

function setting(
  key: string,
  value: unknown,
  group: SettingDescription['group'] = 'Training',
): SettingDescription {
  return { key, group, kind: 'text', help: '', default: value };
}

const SETTINGS = [
  setting('loss', 'bias'),
  setting('baseLr', 0.1),
  setting('threads', null),
  setting('saveEvery', 0, 'Run'),
];

function run(id: string, best: number | null, settings: RunSummary['settings'] = {}): RunSummary {
  return {
    id,
    status: 'complete',
    settings,
    epochsDone: 3,
    epochs: 3,
    started: Number(id),
    isOwn: false,
    hasReport: false,
    last: best,
    best,
    bestEpoch: best === null ? null : 2,
  };
}

const RUNS = [
  run('1', 70, { threads: 2 }),
  run('2', null, { loss: 'ce', saveEvery: 1 }),
  run('10', 80, { baseLr: 0.05 }),
  run('3', 74, { baseLr: 0.1 }),
];

const ids = (runs: readonly RunSummary[]): string => runs.map(({ id }) => id).join();

describe('the table of runs', () => {
  it('has the settings that differ and matter, a default among them', () => {
    assert.deepEqual(
      differingSettings(RUNS, SETTINGS).map(({ key }) => key),
      ['loss', 'baseLr'],
    );
    assert.deepEqual(
      differingSettings([RUNS[0]!, RUNS[3]!], SETTINGS),
      [],
      'given or not, the value is the same',
    );
  });

  it('is sorted by numbers as numbers, those without a value last both ways', () => {
    const by = (key: SortKey, isDescending: boolean): string =>
      ids(sortedRuns(RUNS, { by: key, isDescending }, SETTINGS));
    assert.equal(by('best', false), '1,3,10,2');
    assert.equal(by('best', true), '10,3,1,2');
    assert.equal(by('id', false), '1,2,3,10');
    assert.equal(by('setting baseLr', false), '10,1,2,3');
  });

  it('is filtered by words in the name, the status and the settings', () => {
    assert.equal(ids(matchingRuns(RUNS, '  ', SETTINGS)), '1,2,10,3');
    assert.equal(ids(matchingRuns(RUNS, 'LOSS CE', SETTINGS)), '2');
    assert.equal(ids(matchingRuns(RUNS, 'complete 0.05', SETTINGS)), '10');
  });
});

describe('a run of unknown settings in the table of runs', () => {
  it('has dashes, and makes no setting differ', () => {
    const unknown = { ...run('4', 70), settings: null, epochs: null };
    assert.deepEqual(differingSettings([RUNS[0]!, unknown], SETTINGS), []);
    const settings = differingSettings([...RUNS, unknown], SETTINGS);
    assert.deepEqual(
      settings.map((each) => settingText(unknown, each)),
      ['–', '–'],
    );
    assert.match(csvOfRuns([unknown], settings, 'test_top1'), /\n4,complete,,,3,,70,70,2\n$/);
  });
});

describe('groups and texts of the table of runs', () => {
  it('is grouped, with the mean of the best values', () => {
    const groups = groupedRuns(RUNS, SETTINGS[1]);
    assert.deepEqual(
      groups.map(({ value, runs }) => `${value}: ${ids(runs)}`),
      ['0.1: 1,2,3', '0.05: 10'],
    );
    assert.equal(groups[0]!.mean, 72);
    assert.ok(Math.abs(groups[0]!.deviation - Math.SQRT2 * 2) < 1e-12);
    assert.ok(Number.isNaN(groups[1]!.deviation));
    assert.deepEqual(
      groupedRuns(RUNS, undefined).map(({ value }) => value),
      [undefined],
    );
  });

  it('is saved as CSV', () => {
    const odd = run('4', 1.25, { loss: 'a,"b"' });
    assert.equal(
      csvOfRuns([odd, RUNS[1]!], [SETTINGS[0]!], 'test_top1'),
      'run,status,loss,epochs_done,epochs_planned,last_test_top1,best_test_top1,best_epoch\n' +
        '4,complete,"a,""b""",3,3,1.25,1.25,2\n2,complete,ce,3,3,,,\n',
    );
  });

  it('has short figures, names and local times', () => {
    assert.equal(startedText(new Date(2026, 10, 28, 5, 3, 59)), '2026-11-28 05:03');
    assert.deepEqual([76.123456, 0, null].map(figureText), ['76.123', '0', '–']);
    assert.deepEqual(['test_top1', 'train_loss'].map(metricText), ['test top-1', 'train loss']);
  });
});

describe('a setting without a value in the table of runs', () => {
  it('is a dash, comes last and is empty in CSV', () => {
    const threads = SETTINGS[2]!;
    assert.deepEqual(
      RUNS.map((each) => settingText(each, threads)),
      ['2', '–', '–', '–'],
    );
    for (const isDescending of [false, true])
      assert.equal(sortedRuns(RUNS, { by: 'setting threads', isDescending }, SETTINGS)[0], RUNS[0]);
    assert.equal(csvOfRuns([RUNS[1]!], [threads], 'test_top1').split('\n')[1], '2,complete,,3,3,,,');
  });
});
