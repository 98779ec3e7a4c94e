import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { efficientnetLiteNames } from '../../src/models/efficientnetLiteNames.js';
import { withOwnNames } from '../../src/models/otherNames.js';
import { createModel, families } from '../../src/models/registry.js';

/** A model's tensors under the names of efficientnet-lite-pytorch. */
function packaged(name: 'tf_efficientnet_lite0' | 'tf_efficientnet_lite3'): Map<string, { shape: number[] }> {
  const entries = createModel({ name, classes: 7 }).stateEntries();
  const theirs = [...efficientnetLiteNames(entries.map((entry) => entry.name)).keys()];
  return new Map(entries.map(({ shape }, i) => [theirs[i]!, { shape: [...shape] }]));
}

describe('tensors under another library’s names', () => {
  it('get the names of the model whose shapes they have', () => {
    for (const name of ['tf_efficientnet_lite0', 'tf_efficientnet_lite3'] as const) {
      const found = withOwnNames(packaged(name));
      assert.equal(found?.model, name);
      const own = createModel({ name, classes: 7 }).stateEntries();
      assert.deepEqual(
        [...found!.tensors].map(([key, { shape }]) => [key, shape]),
        own.map((entry) => [entry.name, [...entry.shape]]),
      );
    }
  });

  it('are numbered throughout by efficientnet-lite-pytorch', () => {
    const names = createModel({ name: 'tf_efficientnet_lite0', classes: 7 }).stateEntries();
    const own = efficientnetLiteNames(names.map(({ name }) => name));
    for (const [theirs, ours] of [
      ['_conv_stem.weight', 'conv_stem.weight'],
      ['_bn0.running_var', 'bn1.running_var'],
      ['_blocks.0._depthwise_conv.weight', 'blocks.0.0.conv_dw.weight'],
      ['_blocks.0._project_conv.weight', 'blocks.0.0.conv_pw.weight'],
      ['_blocks.2._bn0.bias', 'blocks.1.1.bn1.bias'],
      ['_blocks.15._bn2.weight', 'blocks.6.0.bn3.weight'],
      ['_bn1.weight', 'bn2.weight'],
      ['_fc.bias', 'classifier.bias'],
    ] as const)
      assert.equal(own.get(theirs), ours);
  });

  it('are those of torchvision’s published DenseNet121, with a dot before a part’s number', () => {
    const entries = createModel({ name: 'densenet121_224', classes: 1000 }).stateEntries();
    const published = new Map(
      entries
        .filter(({ kind }) => kind !== 'counter')
        .map(({ name, shape }) => [name.replace(/\.(norm|conv)([12])\./, '.$1.$2.'), { shape: [...shape] }]),
    );
    assert.ok(published.has('features.denseblock1.denselayer1.norm.1.weight'));
    const found = withOwnNames(published);
    assert.equal(found?.model, 'densenet121_224');
    assert.ok(found.tensors.has('features.denseblock1.denselayer1.norm1.weight'));
    assert.ok(found.tensors.has('features.norm0.weight'));
  });

  it('stay as they are if one has another shape', () => {
    const tensors = packaged('tf_efficientnet_lite0');
    tensors.set('_conv_stem.weight', { shape: [32, 4, 3, 3] });
    assert.equal(withOwnNames(tensors), undefined);
  });
});

describe('timm’s names', () => {
  it('are those of its state dicts of torchvision’s networks, in its order', () => {
    // Names and shapes of mobilenetv2_100 and efficientnet_b0 of timm 1.0.31 for 10 classes.
    for (const [name, sha256] of [
      ['mobilenet_v2', 'a75c21f0a979e9d31570d43b95abb2d582e46c92a66146fa9c9f2e01325a0b55'],
      ['efficientnet_b0', 'b6d1893467ed0af173e09c1cf785c109e0c9e9274124e2f7f8bffe7eac0376f6'],
    ] as const) {
      const entries = createModel({ name, classes: 10 }).stateEntries();
      const theirs = families.declarationOf(name)!.otherNames!(entries.map((entry) => entry.name));
      const published = new Map([...theirs.keys()].map((key, i) => [key, { shape: [...entries[i]!.shape] }]));
      const lines = [...published].map(([key, { shape }]) => `${key} ${shape.join('x')}\n`).join('');
      assert.equal(createHash('sha256').update(lines).digest('hex'), sha256, name);
      const found = withOwnNames(published);
      assert.equal(found?.model, name);
      assert.deepEqual(
        [...found.tensors.keys()],
        entries.map((entry) => entry.name),
      );
    }
  });
});
