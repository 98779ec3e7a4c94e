import { describe, it } from 'node:test';
import { createEngine, type EngineName } from '../../src/engines/createEngine.js';
import { onednnMissing } from '../support/onednn.js';
import { timmModels } from '../support/torchvisionGolden.js';
import {
  evaluationTest,
  exactEvaluationTest,
  stateDictTest,
  torchvisionSuite,
} from '../support/torchvisionSuite.js';

describe('models of timm', () => timmModels.forEach(stateDictTest));

describe('tf_efficientnet_lite0 beside timm in double precision', () =>
  exactEvaluationTest('tf_efficientnet_lite0'));

/** Each family on one engine; `npm run test:shared` has the other one, and the larger models. */
const computed = [
  ['efficientnet_lite0', 'onednn'],
  ['mnasnet_100', 'onednn'],
  ['mobilenetv3_small_100', 'onnx'],
  ['lcnet_100', 'onednn'],
  ['ghostnet_100', 'onednn'],
  ['repvgg_a0', 'onednn'],
  ['mobilenetv4_conv_small', 'onnx'],
] as const satisfies [(typeof timmModels)[number], EngineName][];

for (const [model, name] of computed) {
  const title = `${model} beside timm on ${name}`;
  const reason = name === 'onednn' && (await onednnMissing());
  if (reason) it(title, { skip: reason }, () => undefined);
  else
    torchvisionSuite(title, { model, limits: 'float32', engine: () => createEngine(name, { threads: 1 }) });
}

/** The names and shapes of the others are compared, and `npm run test:shared` computes them. */
const noOnednn = await onednnMissing();
describe('other sizes beside timm on onednn', { skip: noOnednn }, () => {
  for (const model of ['efficientnet_lite4', 'tf_efficientnet_lite2', 'lcnet_050'])
    evaluationTest({ model, limits: 'float32', engine: () => createEngine('onednn', { threads: 2 }) });
});
