import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quantizeOnnx } from '../../../src/engines/onnx/node/int8/quantizeOnnx.js';
import { runOnnxModel } from '../../../src/engines/onnx/node/openModel.js';
import { OnnxGraph } from '../../../src/formats/onnx/int8/onnxGraph.js';
import { planInt8, usefulRange, weightedNodes } from '../../../src/formats/onnx/int8/plan.js';
import { byteScale, roundBias, roundWeights } from '../../../src/formats/onnx/int8/rounding.js';
import { createModel } from '../../../src/models/registry.js';
import { exportModelOnnx } from '../../../src/train/exportWeights.js';
import { formulaTensors } from '../../support/models.js';
import { TINY_SIZE, TinyModel } from '../../train/fixtures/tinyModel.js';

const CLASSES = 7;
const BATCH = 8;
const DATA = {
  classes: Array.from({ length: CLASSES }, (_, i) => `c${i}`),
  mean: [0.5, 0.5, 0.5],
  std: [0.25, 0.25, 0.25],
};

/** Images with stripes of other widths and colours. */
function stripes(size: number, first: number): Float32Array {
  return Float32Array.from({ length: BATCH * 3 * size ** 2 }, (_, i) => {
    const [n, channel] = [first + Math.floor(i / (3 * size ** 2)), Math.floor(i / size ** 2) % 3];
    return 2 * Math.sin((i % size) * (0.1 + 0.07 * n) + channel) + 0.3 * Math.cos(n * i);
  });
}

function exported(name: string, size: number): Uint8Array {
  const model = createModel({ name, classes: CLASSES, imageSize: size });
  return exportModelOnnx(model, formulaTensors(model), DATA);
}

/** Size of the images, and the largest error of the logits as a share of their variance. */
const MODELS: readonly [name: string, size: number, error: number][] = [
  ['shufflenetv2', 32, 0.02],
  ['mobilenet_v2', 32, 0.1],
  ['mobilenet_v3_small', 32, 0.05],
  ['skipblocknet', 32, 0.3],
  ['squeezenet1_1', 32, 0.02],
];

for (const [name, size, most] of MODELS)
  test(`${name}: a quarter of the size, nearly the logits, in operator set 13`, async () => {
    const float = exported(name, size);
    const shape = [BATCH, 3, size, size];
    const inputs = [0, BATCH].map((first) => ({ data: stripes(size, first), shape }));
    const found = await quantizeOnnx(float, inputs, { threads: 1, tolerance: most });
    assert.ok(found.error < most, `error ${found.error}`);
    assert.deepEqual(found.inFloat, []);
    assert.ok(found.model.length < 0.4 * float.length, `${found.model.length} of ${float.length} bytes`);
    const { opset, graph } = OnnxGraph.parse(found.model);
    assert.equal(opset, 13);
    const kinds = new Set(graph.node.map(({ opType }) => opType));
    assert.ok(kinds.has('QuantizeLinear') && kinds.has('DequantizeLinear'));
    // Any other batch, and images that it was not calibrated on.
    const other = stripes(size, 2 * BATCH).slice(0, 3 * 3 * size ** 2);
    const [ours, theirs] = [
      await runOnnxModel(found.model, other, [3, 3, size, size]),
      await runOnnxModel(float, other.slice(), [3, 3, size, size]),
    ];
    const range = Math.max(...theirs) - Math.min(...theirs);
    ours.forEach((logit, i) => {
      assert.ok(Math.abs(logit - theirs[i]!) < 2 * Math.sqrt(most) * range, `${logit} for ${theirs[i]}`);
    });
  });

test('int8 leaves the layers in float that change the logits most, if a tolerance asks for it', async () => {
  const model = new TinyModel(CLASSES);
  const float = exportModelOnnx(model, formulaTensors(model), DATA);
  const inputs = [{ data: stripes(TINY_SIZE, 0), shape: [BATCH, 3, TINY_SIZE, TINY_SIZE] }];
  const all = await quantizeOnnx(float, inputs, { threads: 1, tolerance: 1 });
  assert.deepEqual(all.inFloat, []);
  const told: string[] = [];
  const some = await quantizeOnnx(float, inputs, {
    threads: 1,
    tolerance: all.error / 1.5,
    onProgress: (what) => told.push(what),
  });
  assert.ok(some.inFloat.length > 0 && some.error < all.error, `${some.error} for ${all.error}`);
  assert.deepEqual([...new Set(told)], ['calibrating', 'looking for sensitive layers']);
});

test('int8 takes no range of hard-swish below −3, and no value of a model that has no use for it', () => {
  const graph = OnnxGraph.parse(exported('mobilenet_v3_small', 32));
  const plan = planInt8(graph);
  const ranges = [...plan.rangeOf.values()].map((value) => usefulRange(graph, value));
  const isNear = (a: number, b: number): boolean => Math.abs(a - b) < 1e-5;
  assert.ok(ranges.some(([low, high]) => isNear(low, -3) && high === Number.POSITIVE_INFINITY));
  assert.ok(ranges.some(([low, high]) => isNear(low, -3) && isNear(high, 3)));
  assert.ok(ranges.some(([low]) => low === Number.NEGATIVE_INFINITY));
  const names = weightedNodes(graph);
  assert.ok(names.every((name) => plan.nodes.has(name)));
  const fewer = planInt8(graph, new Set(names.slice(0, 3)));
  assert.ok(names.slice(0, 3).every((name) => !fewer.nodes.has(name)));
});

test('int8 is calibrated on an image or more', async () => {
  await assert.rejects(quantizeOnnx(exported('shufflenetv2', 32), []), /one image or more/);
});
test('rounding keeps zero, and every value of a range within half a step', () => {
  for (const range of [
    { low: -1.5, high: 6.25 },
    { low: 0, high: 3 },
    { low: 0.5, high: 3 },
    { low: -4, high: -1 },
    { low: 0, high: 0 },
  ]) {
    const { scale, zero } = byteScale(range);
    assert.ok(Number.isInteger(zero) && zero >= 0 && zero <= 255);
    for (let i = 0; i <= 20; i++) {
      const value = range.low + ((range.high - range.low) * i) / 20;
      const byte = Math.max(0, Math.min(255, Math.round(value / scale) + zero));
      assert.ok(Math.abs((byte - zero) * scale - value) <= 0.501 * scale, `${value}: ${byte}`);
    }
  }
});

test('rounding gives each channel its scale, and one of tiny weights one that its bias fits', () => {
  const weights = Float32Array.of(1, -0.5, 1e-12, 0, 0, 0);
  const bias = Float32Array.of(2, 5, 0);
  const inputScale = 0.02;
  const { bytes, scales } = roundWeights(weights, { channels: 3, axis: 0, bias, inputScale });
  assert.deepEqual([...bytes], [127, -64, 0, 0, 0, 0]);
  const rounded = roundBias(
    bias,
    scales.map((scale) => scale * inputScale),
  );
  rounded.forEach((value, i) => {
    assert.ok(Math.abs(value * scales[i]! * inputScale - bias[i]!) < 1e-3, `${value}`);
  });
  const across = roundWeights(Float32Array.of(1, 10, 2, 20), {
    ...{ channels: 2, axis: 1, bias: undefined, inputScale },
  });
  assert.deepEqual([...across.bytes], [64, 64, 127, 127]);
});
