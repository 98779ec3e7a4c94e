import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chartSvg, type Line } from '../../src/report/charts/chart.js';

const draw = (lines: readonly Line[], title = 't'): Promise<string> =>
  chartSvg({ title, xLabel: 'epoch', yLabel: 'y', lines });

/** The lines of a chart, cut into their pieces: points [x, y] in pixels. */
function piecesOf(svg: string): [number, number][][][] {
  const marks = svg.matchAll(/aria-roledescription="line mark container"><path d="([^"]*)"/g);
  return [...marks].map(([, path]) =>
    path!
      .split('M')
      .slice(1)
      .map((piece) =>
        piece
          .replace('Z', '')
          .split('L')
          .map((point) => point.split(',').map(Number) as [number, number]),
      ),
  );
}

describe('chartSvg', () => {
  it('draws each line within the plot, higher values higher', async () => {
    const svg = await draw(
      [
        { label: 'one & two', x: [1, 2, 3], y: [10, 50, 90] },
        { label: 'other', x: [1, 2], y: [20, 20] },
      ],
      'a < b',
    );
    const [[rising], [flat]] = piecesOf(svg) as [[[number, number][]], [[number, number][]]];
    assert.equal(rising.length, 3);
    assert.ok(rising[0]![1] > rising[1]![1] && rising[1]![1] > rising[2]![1]);
    assert.equal(flat[0]![1], flat[1]![1]);
    assert.equal(flat[1]![0], rising[1]![0]);
    for (const [x, y] of [...rising, ...flat]) assert.ok(x >= 0 && x <= 620 && y >= 0 && y <= 310);
    assert.ok(svg.includes('a &lt; b') && svg.includes('one &amp; two'));
  });

  it('leaves a gap where a value is not finite', async () => {
    const y = [1, Number.NaN, 3, 4, Number.POSITIVE_INFINITY, 2];
    const svg = await draw([{ label: 'l', x: [1, 2, 3, 4, 5, 6], y }]);
    const lengths = piecesOf(svg)[0]!.map((piece) => piece.length);
    assert.deepEqual(lengths, [1, 2, 1]);
    assert.ok(!/NaN|Infinity/.test(svg));
    assert.ok(!/NaN|Infinity/.test(await draw([{ label: 'l', x: [1], y: [Number.NaN] }])));
  });

  it('takes a single point and equal values', async () => {
    const [line] = piecesOf(await draw([{ label: 'l', x: [1], y: [5] }]));
    assert.ok(line!.flat(2).every(Number.isFinite));
  });

  it('has round numbers on its axes', async () => {
    const x = Array.from({ length: 160 }, (_, i) => i + 1);
    const svg = await draw([{ label: 'l', x, y: x.map((epoch) => 3.07 + epoch * 0.3713) }]);
    const labels = [...svg.matchAll(/<text text-anchor="(?:middle|end)"[^>]*>(\d+)<\/text>/g)].map(
      ([, text]) => Number(text),
    );
    assert.ok(labels.length >= 10, String(labels));
    assert.ok(
      labels.every((label) => label % 5 === 0),
      String(labels),
    );
  });
});
