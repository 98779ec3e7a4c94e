import { it } from 'node:test';
import { createEngine, type EngineName } from '../../src/engines/createEngine.js';
import { onednnMissing } from '../support/onednn.js';
import type { torchvisionModels } from '../support/torchvisionGolden.js';
import { torchvisionSuite } from '../support/torchvisionSuite.js';

type Name = (typeof torchvisionModels)[number];

/** One of each family: `npm run test:shared` has all of them. */
const small = [
  'mobilenet_v3_small',
  'shufflenet_v2_x0_5',
  'squeezenet1_1',
  'mobilenet_v2',
  'mnasnet1_0',
  'efficientnet_b0',
] as const satisfies Name[];
/** Those of which compiling and computing takes longer are computed by one engine. */
const large = ['resnet50_224', 'densenet121_224'] as const satisfies Name[];

function suite(model: Name, name: EngineName): void {
  const engine = () => createEngine(name, { threads: 2 });
  torchvisionSuite(`${model} beside torchvision on ${name}`, { model, limits: 'float32', engine });
}

for (const model of [...small, ...large]) suite(model, 'onnx');

const reason = await onednnMissing();
for (const model of small) {
  if (reason) it(`${model} beside torchvision on onednn`, { skip: reason }, () => undefined);
  else suite(model, 'onednn');
}
