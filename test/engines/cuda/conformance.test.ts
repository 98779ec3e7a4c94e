import { test } from 'node:test';
import { conformanceCases } from '../conformance/cases.js';
import { conformanceSuite } from '../conformance/suite.js';
import { withoutEmulator } from './emulator/device.js';
import { warmKernels } from './warmKernels.js';

/** The kernels of both precisions differ in how images are stored alone: a part of the cases shows that. */
const EVERY = 5;

const reason = withoutEmulator();
if (reason) test('the CUDA engine on an emulated device', { skip: reason }, () => undefined);
else {
  const some = conformanceCases.filter((_, index) => index % EVERY === 0);
  await warmKernels(
    conformanceCases.map(({ program }) => program),
    'f32',
  );
  await warmKernels(
    some.map(({ program }) => program),
    'bf16',
  );
  await conformanceSuite({ engine: 'emulated CUDA' });
  await conformanceSuite({ engine: 'emulated CUDA', precision: 'bf16', cases: some });
  // The kernels are those of f32.
  await conformanceSuite({ engine: 'emulated CUDA', precision: 'tf32', cases: some });
}
