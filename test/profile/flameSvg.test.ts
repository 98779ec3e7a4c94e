import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import type { ProfileEntry } from '../../src/engines/engine.js';
import { layOutFlame } from '../../src/profile/flame.js';
import { flameSvg } from '../../src/profile/flameSvg.js';
import type { StepProfile } from '../../src/profile/profileStep.js';
import { colourOf, inkOn } from '../../src/profile/shareColours.js';
import { entry, PEAKS } from './fixtures/entries.js';

function profileOf(entries: readonly ProfileEntry[]): StepProfile {
  return {
    mode: 'train',
    engine: 'oneDNN 2.6.3',
    precision: 'f32',
    batchSize: 2,
    steps: 1,
    peaks: PEAKS,
    entries,
    stepMilliseconds: 12,
  };
}

const ENTRIES = [
  entry({ phase: 'update', milliseconds: 1, operation: 'sgdUpdate' }),
  entry({ phase: 'forward', milliseconds: 2 }),
  entry({ phase: 'forward', milliseconds: 2 }),
  entry({ phase: 'forward', milliseconds: 5, operation: 'batchNorm', detail: 'another' }),
];

describe('layOutFlame', () => {
  it('puts phases in a step’s order, operations widest first, and equal primitives into one box', () => {
    assert.deepEqual(
      layOutFlame(ENTRIES, PEAKS, 0).map(({ level, label, start, milliseconds, count }) => [
        level,
        label,
        start,
        milliseconds,
        count,
      ]),
      [
        ['step', 'step', 0, 10, 4],
        ['phase', 'forward', 0, 9, 3],
        ['operation', 'batchNorm', 0, 5, 1],
        ['primitive', 'convolution jit', 0, 5, 1],
        ['operation', 'conv2d', 5, 4, 2],
        ['primitive', 'convolution jit', 5, 4, 2],
        ['phase', 'update', 9, 1, 1],
        ['operation', 'sgdUpdate', 9, 1, 1],
        ['primitive', 'convolution jit', 9, 1, 1],
      ],
    );
  });

  it('leaves phases out where they are not known', () => {
    const levels = layOutFlame([entry()], PEAKS, 0).map(({ level }) => level);
    assert.deepEqual(levels, ['step', 'operation', 'primitive']);
  });

  it('joins what is narrow, and loses no time', () => {
    const entries = Array.from({ length: 9 }, (_, i) => entry({ detail: `${i}`, milliseconds: i + 1 }));
    const boxes = layOutFlame(entries, PEAKS, 5).filter(({ level }) => level === 'primitive');
    assert.deepEqual(
      boxes.map(({ label, milliseconds }) => [label, milliseconds]),
      [...[9, 8, 7, 6, 5].map((time) => ['convolution jit', time]), ['4 more', 10]],
    );
  });
});

/** Boxes of an image: width, and the texts in them with how they lie. */
function boxesOf(
  svg: string,
): { width: number; height: number; texts: { text: string; upright: boolean }[] }[] {
  return [...svg.matchAll(/<svg x="[^"]*" y="[^"]*" width="([^"]*)" height="([^"]*)">(.*?)<\/svg>/gs)].map(
    ([, width, height, content]) => ({
      width: Number(width),
      height: Number(height),
      texts: [...content!.matchAll(/<text[^>]*?( transform="[^"]*")?[^>]*>([^<]*)<\/text>/g)].map(
        ([whole, , text]) => ({ text: text!, upright: whole.includes('rotate') }),
      ),
    }),
  );
}

describe('flameSvg', () => {
  it('keeps every text within its box', () => {
    const long = 'convolution weightGradient f32[64,24,32,32]:aBcd16b '.repeat(4);
    const entries = Array.from({ length: 60 }, (_, i) =>
      entry({
        detail: `${i} ${long}`,
        implementation: `convolution jit_1x1:avx512_core_${i}`,
        milliseconds: 1.08 ** i,
      }),
    );
    const boxes = boxesOf(flameSvg(profileOf(entries), 'a step'));
    assert.ok(boxes.length > 20);
    assert.ok(boxes.some(({ texts }) => texts.some(({ upright }) => upright)));
    assert.ok(
      boxes.some(({ texts }) => texts.length === 0),
      'the narrowest have no text',
    );
    for (const { width, height, texts } of boxes) {
      for (const { text, upright } of texts) {
        const [along, across] = upright ? [height, width] : [width, height];
        assert.ok(text.length * 12 * 0.61 <= along, `${text} in ${along}`);
        assert.ok(texts.length * 14 <= across, `${texts.length} lines in ${across}`);
      }
    }
  });

  it('escapes texts, and is an image that a renderer takes', async () => {
    const hostile = entry({
      operation: '<script>alert("1")</script>',
      detail: 'a & b ]]> \u0000 \ud800',
      milliseconds: 3,
    });
    const svg = flameSvg(profileOf([hostile]), `</svg><b> & 'quotes'`);
    for (const part of ['<script', '<b>', '\u0000', '\ud800']) assert.ok(!svg.includes(part), part);
    assert.match(svg, /&lt;script&gt;alert\(&quot;1&quot;\)&lt;\/script&gt;/);
    const { width, height, format } = await sharp(Buffer.from(svg)).metadata();
    assert.deepEqual([width, format], [1600, 'svg']);
    assert.ok(height! > 300);
  });

  it('is the same for the same profile, and takes an empty one', () => {
    assert.equal(flameSvg(profileOf(ENTRIES), 'x'), flameSvg(profileOf(ENTRIES), 'x'));
    assert.doesNotMatch(flameSvg(profileOf([]), 'x'), /NaN|Infinity/);
  });
});

describe('colours', () => {
  it('run from red to blue, and stop at the ends', () => {
    assert.equal(colourOf(-1), colourOf(0));
    assert.equal(colourOf(7), colourOf(1));
    const all = Array.from({ length: 21 }, (_, i) => colourOf(i / 20));
    assert.equal(new Set(all).size, 21);
    for (const colour of all) assert.match(colour, /^#[0-9a-f]{6}$/);
  });

  it('take white ink where they are dark', () => {
    assert.equal(inkOn('#000000'), '#ffffff');
    assert.equal(inkOn('#ffffff'), '#1a1a1a');
  });
});
