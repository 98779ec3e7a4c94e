import { it } from 'node:test';
import { createEngine, type EngineName } from '../../src/engines/createEngine.js';
import { onednnMissing } from '../support/onednn.js';
import type { torchvisionModels } from '../support/torchvisionGolden.js';
import { torchvisionSuite } from '../support/torchvisionSuite.js';

type Name = (typeof torchvisionModels)[number];

/** A small one of most families: `npm run test:shared` has the larger ones. */
const small = [
  'mobilenet_v3_small',
  'shufflenet_v2_x0_5',
  'squeezenet1_1',
  'mobilenet_v2',
  'mnasnet1_0',
  'efficientnet_b0',
] as const satisfies Name[];
function suite(model: Name, name: EngineName): void {
  const engine = () => createEngine(name, { threads: 2 });
  torchvisionSuite(`${model} beside torchvision on ${name}`, { model, limits: 'float32', engine });
}

for (const model of small) suite(model, 'onnx');

const reason = await onednnMissing();
for (const model of small) {
  if (reason) it(`${model} beside torchvision on onednn`, { skip: reason }, () => undefined);
  else suite(model, 'onednn');
}
