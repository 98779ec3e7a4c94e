import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { catalogue } from '../../src/models/catalogue.js';
import { modelNames } from '../../src/models/registry.js';
import { biasloss, eventsOf } from '../cli/fixtures/process.js';

const entries = catalogue();

/** A model with its flags, as it is typed. */
const typed = ({ name, options }: (typeof entries)[number]): string =>
  [name, ...Object.entries(options).map(([key, value]) => `--${key} ${value}`)].join(' ');

describe('the list of models', () => {
  it('has every model, and each size of those that have a multiplier', () => {
    assert.deepEqual([...new Set(entries.map(({ name }) => name))], modelNames);
    assert.equal(entries.filter(({ name }) => name === 'shufflenetv2').length, 4);
  });

  it('has torchvision’s counts', () => {
    // Parameters and GFLOPS as torchvision documents them.
    for (const [name, parameters, macs] of [
      ['resnet50_224', 25_557_032, 4.09],
      ['mobilenet_v3_large', 5_483_032, 0.22],
      ['efficientnet_b0', 5_288_548, 0.39],
      ['densenet121_224', 7_978_856, 2.83],
    ] as const) {
      const found = entries.find((entry) => entry.name === name)!;
      assert.equal(found.parameters, parameters);
      assert.ok(Math.abs(found.macs / 1e9 - macs) < 0.006, `${name}: ${found.macs}`);
    }
  });

  it('is the table of docs/models.md', () => {
    const rows = [...readFileSync('docs/models.md', 'utf8').matchAll(/^\| `(\w.*?)` \| (.*?) \|.*$/gm)];
    const documented = rows.map(([line]) =>
      line!
        .split('|')
        .slice(1, 5)
        .map((cell) => cell.trim()),
    );
    const expected = entries.map((entry) => [
      `\`${typed(entry)}\``,
      String(entry.imageSize),
      entry.parameters.toLocaleString('en-US'),
      (entry.macs / 1e6).toFixed(1),
    ]);
    assert.deepEqual(documented, expected);
  });
});

describe('biasloss models', () => {
  it('prints families with their models', async () => {
    const { stdout, code } = await biasloss(['models']);
    assert.equal(code, 0);
    assert.match(stdout, /^MobileNetV3 \(torchvision\)$/m);
    assert.match(
      stdout,
      /^ {2}mobilenet_v3_small +224 +1000 +2,542,856 +56\.5 +torchvision\/mobilenet_v3_small$/m,
    );
    assert.match(stdout, /^ {2}shufflenetv2 --ratio 0\.5 +32 +100 +448,268 +11\.0 +–$/m);
  });

  it('prints a record per model, and only those asked for', async () => {
    const { stdout } = await biasloss(['models', 'SqueezeNet', '--log-format=json']);
    const [record, ...others] = eventsOf(stdout);
    assert.deepEqual(others, []);
    assert.equal(record!.event, 'model');
    assert.deepEqual(
      [record!.name, record!.parameters, record!.image_size],
      ['squeezenet1_1', 1_235_496, 224],
    );
  });

  it('says when there is none', async () => {
    const { stderr, code } = await biasloss(['models', 'mobilenetv5']);
    assert.equal(code, 1);
    assert.match(stderr, /no model’s name contains mobilenetv5; did you mean mobilenet_v2\?/);
  });
});
