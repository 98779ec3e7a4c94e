import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { closestModel } from '../../src/models/closestModel.js';
import { modelsOf, recogniseModel } from '../../src/models/recognise.js';
import { createModel, families, modelNames } from '../../src/models/registry.js';

const shapes = (model: ReturnType<typeof createModel>) =>
  new Map(model.stateEntries().map(({ name, shape }) => [name, { shape }]));

describe('recogniseModel', () => {
  it('tells every model from its tensors, whatever the classes and channels', () => {
    for (const kind of [
      ...modelNames
        .filter((name) => !['shufflenetv2', 'skipblocknet'].includes(name) && !name.startsWith('tf_'))
        .map((name) => ({ name })),
      ...[0.5, 1, 1.5, 2].map((ratio) => ({ name: 'shufflenetv2', ratio })),
      ...[0.5, 0.75, 1, 1.25].map((width) => ({ name: 'skipblocknet', width })),
    ]) {
      for (const channels of [3, 1]) {
        const tensors = shapes(createModel({ ...kind, channels, classes: 7 }));
        assert.deepEqual(recogniseModel(tensors), { ...kind, channels });
      }
    }
  });

  it('lists the models that differ in padding, and takes the one that is preferred', () => {
    const tensors = shapes(createModel({ name: 'tf_efficientnet_lite1', classes: 7 }));
    const names = modelsOf(tensors).map(({ name }) => name);
    assert.deepEqual(names, ['efficientnet_lite1', 'tf_efficientnet_lite1']);
    assert.equal(recogniseModel(tensors, families, 'tf_efficientnet_lite1')?.name, 'tf_efficientnet_lite1');
    assert.equal(recogniseModel(tensors, families, 'resnet18')?.name, 'efficientnet_lite1');
  });

  it('does not guess, but says what is closest', () => {
    assert.equal(recogniseModel(new Map()), undefined);
    assert.equal(closestModel(new Map()).share, 0);
    const other = shapes(createModel({ name: 'skipblocknet', classes: 7, width: 2 }));
    assert.equal(recogniseModel(other), undefined);
    assert.equal(closestModel(other).kind.name, 'skipblocknet');
    const short = shapes(createModel({ name: 'resnet18', classes: 7 }));
    short.delete('conv1.weight');
    assert.equal(recogniseModel(short), undefined);
    const { kind, share } = closestModel(short);
    assert.deepEqual(kind, { name: 'resnet18', channels: 3 });
    assert.ok(share > 0.98 && share < 1);
  });
});
