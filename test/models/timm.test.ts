import { describe, it } from 'node:test';
import { createEngine, type EngineName } from '../../src/engines/createEngine.js';
import { onednnMissing } from '../support/onednn.js';
import { timmModels } from '../support/torchvisionGolden.js';
import { exactEvaluationTest, stateDictTest, torchvisionSuite } from '../support/torchvisionSuite.js';

describe('models of timm', () => timmModels.forEach(stateDictTest));

for (const model of ['efficientnet_lite0', 'tf_efficientnet_lite0'])
  describe(`${model} beside timm in double precision`, () => exactEvaluationTest(model));

/** Each family on one engine; `npm run test:shared` has the other one, and the larger models. */
const computed = [
  ['efficientnet_lite0', 'onednn'],
  ['mobilenetv3_small_100', 'onnx'],
  ['lcnet_100', 'onednn'],
  ['ghostnet_100', 'onnx'],
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
