import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { compare } from '../../bench/benchmark.js';
import { contendersOf, waysOf, withChances } from '../../bench/contenders.js';
import { readKnownWays } from '../../bench/earlierRun.js';
import { machine } from '../../bench/machine.js';
import { reportText, writeReport } from '../../bench/report.js';
import { lines, measured, pythons, workload } from './measured.js';

test('of several interpreters the fastest counts, and the others are told', () => {
  const sides = [
    measured('ours', 'f32', 1),
    measured('pytorch', 'f32', 4, { python: 'old' }),
    measured('pytorch', 'f32', 3, { python: 'new' }),
    measured('pytorch', 'f32', 2, { python: 'new', way: 'compiled' }),
  ];
  const [line, ...rest] = compare({ label: 'resnet18', workload, lines }, sides);
  assert.deepEqual(rest, []);
  assert.deepEqual([line?.ratio?.median, line?.slower?.map(({ variant }) => variant)], [2, ['v4']]);
  const report = { machine: machine(), busy: 0, comparisons: [line!], failures: [] };
  assert.match(reportText(report), /\nslower: resnet18 train, x, f32 v4: 16\.0 images\/s\n/);
  const apart = compare({ label: 'm', workload, lines: [['eager'], ['frozen', 'compiled']] }, sides);
  assert.deepEqual(
    apart.map(({ pytorch }) => pytorch?.variant),
    ['v3', 'v2'],
  );
});

describe('PyTorch’s ways', () => {
  const all = contendersOf({ pythons, precisions: ['bf16'], lines });

  test('are every interpreter’s precisions, ways and memory formats; torch.compile in one, and only where there is one', () => {
    assert.equal(all.length, 4 + 6);
    assert.ok(all.every(({ python, way }) => python === 'new' || way === 'eager'));
    assert.equal(new Set(all.map(({ precision }) => precision)).size, 2);
  });

  test('to evaluate include a frozen trace, as our weights are frozen, too', () => {
    assert.deepEqual(waysOf('train'), ['eager', 'compiled']);
    assert.deepEqual(waysOf('eval'), ['eager', 'frozen', 'compiled']);
  });

  test('drop out when a rival’s warm-up was much faster', () => {
    const seconds = { eager: 2, compiled: 1, frozen: 0 };
    const warm = all.map((one) => ({ ...one, seconds: seconds[one.way] }));
    const left = withChances(warm, lines);
    assert.deepEqual(
      new Set(left.map(({ python, way }) => `${python} ${way}`)),
      new Set(['old eager', 'new compiled']),
    );
    assert.equal(withChances(warm, [['eager'], ['compiled']]).length, all.length);
  });

  test('can be the fastest of an earlier run alone', () => {
    const folder = mkdtempSync(join(tmpdir(), 'biasloss-bench-'));
    const path = join(folder, 'report.json');
    try {
      const fast = measured('pytorch', 'f32', 1, { python: 'new', way: 'compiled' });
      const comparisons = compare({ label: 'resnet18', workload, lines }, [
        fast,
        measured('pytorch', 'f32', 2, { python: 'old' }),
      ]);
      writeReport({ machine: machine(), busy: 0, comparisons, failures: [] }, path);
      const ways = readKnownWays(path);
      assert.equal(ways('resnet18', { ...workload, batch: 1 }), undefined);
      const known = ways('resnet18', workload);
      const chosen = contendersOf({ pythons, precisions: ['f32'], lines, known });
      assert.deepEqual(
        chosen.map(({ python, way }) => `${python} ${way}`),
        ['old eager', 'new compiled'],
      );
      writeFileSync(path, '[]');
      assert.throws(() => readKnownWays(path), /report\.json cannot be read: --fastest-of takes/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
