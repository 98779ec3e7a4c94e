import { test } from 'node:test';
import { conformanceCases } from '../conformance/cases.js';
import { productCases } from '../conformance/productCases.js';
import { conformanceSuite } from '../conformance/suite.js';
import { withoutEmulator } from './emulator/device.js';
import { warmKernels } from './warmKernels.js';

/** Products on tensor cores are in bf16 alone, so all of their cases are computed in it. */
const names = new Set(productCases.map(({ name }) => name));
const reason = withoutEmulator();
if (reason) test('products of the CUDA engine on an emulated device', { skip: reason }, () => undefined);
else {
  const cases = conformanceCases.filter(({ name }) => names.has(name));
  await warmKernels(
    cases.map(({ program }) => program),
    'bf16',
  );
  await conformanceSuite({ engine: 'emulated CUDA', precision: 'bf16', cases });
}
