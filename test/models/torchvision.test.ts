import { describe, it } from 'node:test';
import { createEngine, type EngineName } from '../../src/engines/createEngine.js';
import { onednnMissing } from '../support/onednn.js';
import { stateDictTest, torchvisionSuite } from '../support/torchvisionSuite.js';

/** Every model of torchvision's; the engines compute the smallest of each family. */
const models = [
  'resnet18_224',
  'resnet34_224',
  'resnet50_224',
  'mobilenet_v2',
  'mobilenet_v3_small',
  'mobilenet_v3_large',
  'shufflenet_v2_x0_5',
  'shufflenet_v2_x1_0',
  'squeezenet1_1',
];
const computed = [
  'resnet18_224',
  'mobilenet_v2',
  'mobilenet_v3_small',
  'shufflenet_v2_x0_5',
  'squeezenet1_1',
];

describe('models of torchvision', () => models.forEach(stateDictTest));

for (const name of ['onnx', 'onednn'] as const satisfies EngineName[]) {
  const reason = name === 'onednn' && (await onednnMissing());
  for (const model of computed) {
    const title = `${model} beside torchvision on ${name}`;
    if (reason) it(title, { skip: reason }, () => undefined);
    else describe(title, () => torchvisionSuite({ model, engine: () => createEngine(name, { threads: 2 }) }));
  }
}
