/** RepVGG's re-parameterisation: its evaluation and its ONNX model are plain convolutions, with the branches' logits. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { runOnnxModel } from '../../src/engines/onnx/node/openModel.js';
import { ModelProtoSchema } from '../../src/formats/onnx/onnx_pb.js';
import { freeze } from '../../src/graph/freeze.js';
import type { Program } from '../../src/graph/program.js';
import { createModel } from '../../src/models/registry.js';
import { exportModelOnnx } from '../../src/train/exportWeights.js';
import { evaluationProgram } from '../../src/train/programs.js';
import { floatsOf } from '../../src/train/stateDict.js';
import { formulaInput } from '../support/formula.js';
import { relativeError } from '../support/golden.js';
import { formulaTensors } from '../support/models.js';
import { onReference } from '../support/reference.js';

const BATCH = 2;
const SIZE = 32;
/** Stem and blocks. */
const BLOCKS = 1 + 2 + 4 + 14 + 1;

describe('repvgg_a0, joined', () => {
  const model = createModel({ name: 'repvgg_a0', classes: 3, imageSize: SIZE });
  const tensors = formulaTensors(model);
  const values = new Map([...tensors].map(([name, tensor]) => [name, floatsOf(tensor)]));
  const images = formulaInput('joined', BATCH, SIZE);
  const logitsOf = (program: Program) =>
    onReference(program, values).executable.runExact({ images: images.slice() }).logits!;
  let branches: ArrayLike<number> = [];
  before(() => {
    branches = logitsOf(evaluationProgram(model, BATCH));
  });

  it('has a convolution for each block in evaluation, and the same logits', () => {
    const joined = freeze(evaluationProgram(model, BATCH), values);
    const count = (kind: string): number => joined.nodes.filter((node) => node.kind === kind).length;
    assert.equal(count('conv2d'), BLOCKS);
    assert.equal(count('batchNormInference'), 0);
    const error = relativeError(logitsOf(joined), branches);
    assert.ok(error < 1e-5, `${error}`);
  });

  it('is so exported as ONNX', async () => {
    const data = { classes: ['a', 'b', 'c'], mean: [0, 0, 0], std: [1, 1, 1] };
    const bytes = exportModelOnnx(model, tensors, data);
    const nodes = fromBinary(ModelProtoSchema, bytes).graph!.node.map(({ opType }) => opType);
    assert.equal(nodes.filter((type) => type === 'Conv').length, BLOCKS);
    assert.ok(!nodes.includes('BatchNormalization'));
    const logits = await runOnnxModel(bytes, images.slice(), [BATCH, 3, SIZE, SIZE]);
    const error = relativeError(logits, branches);
    assert.ok(error < 1e-5, `${error}`);
  });
});
