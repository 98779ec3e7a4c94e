import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { EXPORT_BATCH, exportOnnx } from '../../../src/engines/onnx/exportModel.js';
import { runOnnxModel } from '../../../src/engines/onnx/node/openModel.js';
import { ModelProtoSchema } from '../../../src/formats/onnx/onnx_pb.js';
import { gradients } from '../../../src/graph/autodiff.js';
import { Graph } from '../../../src/graph/graph.js';
import {
  add,
  clamp,
  exp,
  gelu,
  hsigmoid,
  hswish,
  leakyRelu,
  minimum,
  neg,
  silu,
  tanh,
} from '../../../src/graph/ops/elementwise.js';
import { adaptiveAvgPool2d, avgPool2d, maxPool2d } from '../../../src/graph/ops/pooling.js';
import { amax, amin, mean, sum, variance } from '../../../src/graph/ops/reduce.js';
import { channelShuffle, concat, flatten, pad, slice } from '../../../src/graph/ops/shape.js';
import type { Program } from '../../../src/graph/program.js';
import type { Tensor } from '../../../src/graph/tensor.js';
import { sizeOf } from '../../../src/graph/tensorType.js';
import type { Family } from '../../../src/models/family.js';
import type { Model } from '../../../src/models/model.js';
import { createModel, families, modelNames } from '../../../src/models/registry.js';
import { exportModelOnnx } from '../../../src/train/exportWeights.js';
import type { StateDictTensors } from '../../../src/train/stateDict.js';
import { onReference } from '../../support/reference.js';

const DATA = { classes: ['a'], mean: [0, 0, 0], std: [1, 1, 1] };
const SIZE = 6;
const CHANNELS = 4;
const BATCH = 3;

function programOf(build: (x: Tensor) => Tensor, batch: number): Program {
  const graph = new Graph();
  const x = graph.input('images', [batch, CHANNELS, SIZE, SIZE]);
  return graph.program({ logits: flatten(build(x)) });
}

/** Operators do not depend on the weights. */
function zeroTensors(model: Model): StateDictTensors {
  const floats = model.stateEntries().filter(({ kind }) => kind !== 'counter');
  return new Map(
    floats.map(({ name, shape }) => [name, { dtype: 'f32', shape, data: new Float32Array(sizeOf(shape)) }]),
  );
}

const versionsOf = (bytes: Uint8Array): number[] => {
  const { irVersion, opsetImport } = fromBinary(ModelProtoSchema, bytes);
  return [Number(irVersion), ...opsetImport.map(({ version }) => Number(version))];
};

/** Operations of a model in evaluation. */
const operations: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  amax: (x) => amax(x, [2, 3], true),
  amin: (x) => amin(x, [1]),
  sum: (x) => sum(x, [2, 3]),
  mean: (x) => mean(x, [1]),
  variance: (x) => variance(x, [1, 2, 3], true),
  exp,
  neg,
  tanh,
  silu,
  gelu,
  hswish,
  hsigmoid,
  leakyRelu: (x) => leakyRelu(x, 0.1),
  clamp: (x) => clamp(x, -0.5, 0.4),
  minimum: (x) => minimum(x, 0.2),
  avgPool: (x) => avgPool2d(x, 3, { stride: 2, padding: 1 }),
  maxPool: (x) => maxPool2d(x, 3, { stride: 2, padding: 1 }),
  adaptiveAvgPool: (x) => adaptiveAvgPool2d(x, 4),
  shuffle: (x) => channelShuffle(x, 2),
  concat: (x) => concat([slice(x, 1, 1, 3), pad(x, 1, 1, 0)], 1),
};

const images = Float32Array.from({ length: BATCH * CHANNELS * SIZE * SIZE }, (_, i) => Math.sin(3.7 * i));

async function assertRuns(build: (x: Tensor) => Tensor, opset?: number): Promise<Uint8Array> {
  const bytes = exportOnnx(programOf(build, EXPORT_BATCH), { ...DATA, opset });
  const found = await runOnnxModel(bytes, images.slice(), [BATCH, CHANNELS, SIZE, SIZE]);
  const { executable } = onReference(programOf(build, BATCH));
  const { logits } = executable.run({ images });
  assert.equal(found.length, logits!.length);
  logits!.forEach((value, i) => {
    assert.ok(Math.abs(value - found[i]!) < 2e-6 * Math.max(1, Math.abs(value)), `${found[i]} for ${value}`);
  });
  return bytes;
}

describe('the operator set of an exported model', () => {
  for (const [name, build] of Object.entries(operations)) {
    it(`${name}: version 13 will do, and later ones are written as they want it`, async () => {
      assert.deepEqual(versionsOf(await assertRuns(build)), [7, 13]);
      assert.deepEqual(versionsOf(await assertRuns(build, 17)), [8, 17]);
      assert.deepEqual(versionsOf(await assertRuns(build, 18)), [8, 18]);
      assert.deepEqual(versionsOf(await assertRuns(build, 20)), [9, 20]);
    });
  }

  it('is the one that the latest operator needs, and a lower one is refused, naming it', () => {
    const build = (x: Tensor): Tensor => {
      const y = maxPool2d(x, 2);
      const slope = gradients(sum(y, [0, 1, 2, 3]), [x])[0]!;
      return add(slope, amax(x, [2, 3], true));
    };
    assert.deepEqual(versionsOf(exportOnnx(programOf(build, EXPORT_BATCH), DATA)), [8, 16]);
    assert.throws(() => exportOnnx(programOf(build, EXPORT_BATCH), { ...DATA, opset: 15 }), {
      name: 'UserError',
      message: 'ScatterElements needs operator set 16, but 15 was asked for',
    });
  });
});

describe('the operator set of a model of the library', () => {
  it('is 13 for every family that the library has', () => {
    const seen = new Set<Family>();
    for (const name of modelNames) {
      const { family } = families.declarationOf(name)!;
      if (seen.has(family)) continue;
      const model = createModel({ name, classes: 7, imageSize: 64 });
      const bytes = exportModelOnnx(model, zeroTensors(model), DATA);
      assert.deepEqual(versionsOf(bytes), [7, 13], name);
      seen.add(family);
    }
  });

  it('is 13 with preprocessing and 16-bit weights', () => {
    const model = createModel({ name: 'mobilenet_v3_small', classes: 7, imageSize: 64 });
    const options = { ...DATA, includePreprocessing: true, f16: true };
    assert.deepEqual(versionsOf(exportModelOnnx(model, zeroTensors(model), options)), [7, 13]);
  });
});
