import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseModel } from '../../src/runs/auto/chooseModel.js';
import { type Candidate, FRESH_RUNGS, ladderOf, PUBLISHED_RUNGS } from '../../src/runs/auto/ladder.js';

const LADDER: readonly Candidate[] = [1, 2, 4, 8].map((macs) => ({
  ...{ model: `m${macs}`, options: {}, imageSize: 32, weights: undefined },
  macs,
}));

/** The choice where an image takes `seconds` per multiply-accumulate, and what was measured. */
async function chosen(
  secondsLeft: number,
  { seconds = (macs: number) => macs, wanted = 10, least = 5 } = {},
): Promise<{ model: string; epochs: number; isEnough: boolean; measured: string[] }> {
  const measured: string[] = [];
  const { candidate, epochs, isEnough } = await chooseModel(LADDER, {
    ...{ trainImages: 10, testImages: 0, wanted, least, secondsLeft: () => secondsLeft },
    measure: async ({ model, macs }) => {
      measured.push(model);
      return seconds(macs);
    },
  });
  return { model: candidate.model, epochs, isEnough, measured };
}

describe('choosing a model by measured time', () => {
  it('takes the largest that gets enough epochs, and no more than are useful', async () => {
    assert.deepEqual(await chosen(200), { model: 'm4', epochs: 5, isEnough: true, measured: ['m1', 'm4'] });
    assert.deepEqual(await chosen(1e6), { model: 'm8', epochs: 10, isEnough: true, measured: ['m1', 'm8'] });
  });

  it('says where even the smallest does not get enough', async () => {
    const measured = ['m1', 'm1'];
    assert.deepEqual(await chosen(30), { model: 'm1', epochs: 3, isEnough: false, measured });
    assert.deepEqual(await chosen(0), { model: 'm1', epochs: 1, isEnough: false, measured: ['m1'] });
  });

  it('measures again where the first measurement leaves too few epochs: the machine may have been busy', async () => {
    let isBusy = true;
    const seconds = (macs: number): number => {
      const slower = isBusy ? 20 : 1;
      isBusy = false;
      return slower * macs;
    };
    const found = await chosen(200, { seconds });
    assert.deepEqual(found, { model: 'm4', epochs: 5, isEnough: true, measured: ['m1', 'm1', 'm4'] });
  });

  it('takes a smaller one where one turns out slower than its computation says', async () => {
    const seconds = (macs: number): number => (macs === 8 ? 100 : macs);
    const { model, measured } = await chosen(1000, { seconds });
    assert.equal(model, 'm1');
    assert.deepEqual(measured, ['m1', 'm8']);
    const mild = await chosen(400, { seconds: (macs) => (macs === 8 ? 12 : macs) });
    assert.deepEqual([mild.model, mild.measured], ['m4', ['m1', 'm8', 'm4']]);
  });

  it('takes a faster one up where the smallest is slow for its size', async () => {
    const { model } = await chosen(400, { seconds: (macs) => 1 + macs });
    assert.equal(model, 'm4');
  });
});

describe('the ladder', () => {
  it('goes up in computation, with sizes that suit images and models', () => {
    for (const pretrained of [true, false])
      for (const typical of [32, 40, 130, 500]) {
        const rungs = pretrained ? PUBLISHED_RUNGS : FRESH_RUNGS;
        const ladder = ladderOf(rungs, { classes: 5, typical, pretrained });
        assert.ok(ladder.length >= 2, `${typical}: ${ladder.length}`);
        for (const [i, { macs, imageSize }] of ladder.entries()) {
          assert.ok(i === 0 || macs >= ladder[i - 1]!.macs);
          assert.ok(imageSize <= Math.max(32 * Math.ceil(typical / 32), pretrained ? 128 : 0));
          assert.ok(imageSize <= 224 && (!pretrained || imageSize >= 96));
        }
      }
    const one = ladderOf(PUBLISHED_RUNGS.slice(0, 1), {
      classes: 5,
      typical: 40,
      pretrained: true,
      imageSize: 72,
    });
    assert.deepEqual(
      one.map(({ imageSize }) => imageSize),
      [72],
    );
  });
});
