import { describe } from 'node:test';
import { createEngine } from '../../src/engines/createEngine.js';
import { torchvisionModels } from '../support/torchvisionGolden.js';
import { exactEvaluationTest, stateDictTest, torchvisionSuite } from '../support/torchvisionSuite.js';

describe('models of torchvision', () => torchvisionModels.forEach(stateDictTest));

/** One of each family, evaluated in double precision; training takes minutes, and is tested in two of them. */
const evaluated = [
  'mobilenet_v3_small',
  'mobilenet_v2',
  'mnasnet1_0',
  'efficientnet_b0',
  'shufflenet_v2_x0_5',
  'squeezenet1_1',
  'resnet18_224',
] as const satisfies (typeof torchvisionModels)[number][];

for (const model of evaluated)
  describe(`${model} beside torchvision in double precision`, () => exactEvaluationTest(model));

for (const model of ['mobilenet_v3_small', 'shufflenet_v2_x0_5'])
  torchvisionSuite(`${model} beside torchvision on the reference engine`, {
    model,
    limits: 'double',
    engine: () => createEngine('reference'),
  });
