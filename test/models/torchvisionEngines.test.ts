import { it } from 'node:test';
import { createEngine, type EngineName } from '../../src/engines/createEngine.js';
import { onednnMissing } from '../support/onednn.js';
import { smallTorchvisionModels } from '../support/torchvisionGolden.js';
import { torchvisionSuite } from '../support/torchvisionSuite.js';

/** `npm run test:shared` has the larger models. */
function suite(model: (typeof smallTorchvisionModels)[number], name: EngineName): void {
  const engine = () => createEngine(name, { threads: 1 });
  torchvisionSuite(`${model} beside torchvision on ${name}`, { model, limits: 'float32', engine });
}

for (const model of smallTorchvisionModels) suite(model, 'onnx');

const reason = await onednnMissing();
for (const model of smallTorchvisionModels) {
  if (reason) it(`${model} beside torchvision on onednn`, { skip: reason }, () => undefined);
  else suite(model, 'onednn');
}
