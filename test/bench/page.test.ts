import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { NET_NAMES, type NetName } from '../../bench/page/nets.js';
import { ourTrainer } from '../../bench/page/ourNet.js';
import { checkLosses } from '../../bench/page/run.js';
import { missingPackages, PEERS } from '../../bench/page/site.js';
import { pageTable } from '../../bench/page/tables.js';
import { callsOf } from '../../bench/page/training.js';
import { createEngine } from '../../src/engines/createEngine.js';
import { withFolder } from '../train/fixtures/tiny.js';

/** Losses of the first steps of a net in Node. */
async function lossesOf(net: NetName, steps: number): Promise<number[]> {
  const engine = await createEngine('onnx', { threads: 1 });
  try {
    const calls = callsOf(async () => ourTrainer(engine));
    await calls.start(1);
    const first = await calls.first(net);
    const { losses, seconds } = await calls.run(steps - 1);
    assert.equal(seconds.length, steps - 1);
    await calls.close();
    return [...first.losses, ...losses];
  } finally {
    await engine.close();
  }
}

describe('the nets of bench page', () => {
  for (const net of NET_NAMES)
    it(`net ${net} learns, from the loss of chance`, async () => {
      const losses = await lossesOf(net, 9);
      assert.ok(Math.abs(losses[0]! - Math.log(10)) < 0.25, `it begins with ${losses[0]}`);
      assert.ok(losses[8]! < 0.9 * losses[0]!, losses.join());
    });

  it('a side that computes something else is named', () => {
    const ours = { name: 'ours', losses: [2, 1.5, 1.2] };
    checkLosses([ours, { name: 'theirs', losses: [2.0001, 1.5, 1.2] }]);
    for (const losses of [
      [2, 1.6, 1.2],
      [2, 1.5, Number.NaN],
      [2, 1.5],
    ])
      assert.throws(
        () => checkLosses([ours, { name: 'theirs', losses }]),
        /theirs trains something else: its/,
      );
  });
});

describe('bench page', () => {
  it('tells which packages of a peer are missing', () =>
    withFolder(async (folder) => {
      const [tensorflow] = PEERS;
      assert.deepEqual(missingPackages(tensorflow!, folder), tensorflow!.packages);
      const [first, ...others] = tensorflow!.packages;
      mkdirSync(join(folder, 'node_modules', first!), { recursive: true });
      writeFileSync(join(folder, 'node_modules', first!, 'package.json'), '{}');
      assert.deepEqual(missingPackages(tensorflow!, folder), others);
    }));

  it('has a line for each side, with its ratio to ours on the same net', () => {
    const side = (net: NetName, name: string, second: number, peakBytes?: number) => ({
      net,
      name,
      version: `${name} 1`,
      startSeconds: 0.5,
      firstSeconds: 0.75,
      peakBytes,
      seconds: [[second], [second, 2 * second, second]],
    });
    const text = pageTable([
      side('1', 'ours', 0.02, 100 * 2 ** 20),
      side('1', 'theirs', 0.1),
      side('2', 'ours', 0.2),
    ]);
    assert.match(text, /^1 ours +20\.0 \(20\.0–20\.0\) +1 +0\.50 +0\.75 +100$/m);
    assert.match(text, /^1 theirs +100 \(100–100\) +5\.00 \(5\.00–5\.00\) +0\.50 +0\.75 +–$/m);
    assert.match(text, /^2 ours +200 \(200–200\) +1 /m);
    assert.equal(text.match(/ours: ours 1/g)?.length, 1);
  });
});
