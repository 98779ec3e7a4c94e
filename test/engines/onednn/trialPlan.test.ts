/** A trial's operands have as much memory as those of the program, of whose tensors they may be parts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soloCommunicator } from '../../../src/distributed/communicator.js';
import { bindLibrary } from '../../../src/engines/onednn/bindLibrary.js';
import { loadLibrary } from '../../../src/engines/onednn/library.js';
import { planProgram } from '../../../src/engines/onednn/plan/plan.js';
import { timeWays } from '../../../src/engines/onednn/tuning/measure.js';
import { trialPlan } from '../../../src/engines/onednn/tuning/trialPlan.js';
import { candidates } from '../../../src/engines/onednn/ways/candidates.js';
import type { Convolution } from '../../../src/engines/onednn/ways/way.js';
import { Graph } from '../../../src/graph/graph.js';
import { conv2d } from '../../../src/graph/ops/conv.js';
import { slice } from '../../../src/graph/ops/shape.js';
import { onednnMissing } from '../../support/onednn.js';

const skip = await onednnMissing();

test('a convolution of the last channels of an image is timed in memory of the whole image', { skip }, () => {
  const graph = new Graph();
  const image = graph.input('x', [4, 96, 10, 10]);
  const last = slice(image, 1, 64, 96);
  const program = graph.program({
    y: conv2d(last, graph.input('w', [32, 32, 3, 3]), undefined, { padding: 1 }),
  });
  const library = loadLibrary();
  const dnnl = bindLibrary(library);
  const settings = {
    traits: dnnl.traits,
    activation: 'f32',
    block: library.block,
    usesKernels: false,
    fastBf16: false,
    hasTiles: false,
  } as const;
  const native = { dnnl, machineCode: undefined, communicator: soloCommunicator };
  let trials = 0;
  const choose = (convolution: Convolution) => {
    const ways = candidates(settings, convolution);
    for (const way of ways) {
      const plan = trialPlan(dnnl, settings, convolution, way);
      const largest = Math.max(...plan.buffers.map(({ bytes }) => bytes));
      assert.ok(largest >= 4 * 96 * 100 * 4, `${largest} bytes`);
      for (const { bytes } of plan.buffers) assert.notEqual(bytes, 0);
      for (const primitive of plan.primitives) dnnl.release(primitive);
      trials++;
    }
    assert.equal(timeWays(native, settings, convolution, ways).length, ways.length);
    return ways[0]!;
  };
  const { primitives } = planProgram(dnnl, program, { ...settings, ways: { choose } });
  assert.ok(trials >= 2);
  for (const primitive of primitives) dnnl.release(primitive);
  dnnl.close();
});
