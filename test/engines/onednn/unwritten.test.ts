/** No result depends on memory that nothing has written: all of it holds NaN before the prologue and each run. */
import { test } from 'node:test';
import { soloCommunicator } from '../../../src/distributed/communicator.js';
import type { Precision } from '../../../src/engines/engine.js';
import { bindLibrary } from '../../../src/engines/onednn/bindLibrary.js';
import { DnnlExecutable } from '../../../src/engines/onednn/executable.js';
import { MachineCode } from '../../../src/engines/onednn/kernels/machineCode.js';
import { loadLibrary } from '../../../src/engines/onednn/library.js';
import { planProgram } from '../../../src/engines/onednn/plan/plan.js';
import { limitThreads } from '../../../src/engines/onednn/threading.js';
import { Rules } from '../../../src/engines/onednn/ways/rules.js';
import { variablesOf } from '../../../src/graph/program.js';
import { onednnMissing } from '../../support/onednn.js';
import { conformanceCases } from '../conformance/cases.js';
import { assertClose, expectedOutputs, tensorData, toleranceOf } from '../conformance/compare.js';
import { poisoned } from './fixtures/poisoned.js';

const leastTolerance = { f32: 0, bf16: 3e-2 };

/** Those without variables, whose memory is the engine's. */
const cases = conformanceCases
  .filter(({ program }) => variablesOf(program).length === 0)
  .map((one) => ({ ...one, expected: expectedOutputs(one) }));

for (const activation of ['f32', 'bf16'] as const satisfies readonly Precision[]) {
  test(`memory that nothing has written, ${activation}`, {
    skip: await onednnMissing(activation),
  }, async (context) => {
    const library = loadLibrary();
    const dnnl = bindLibrary(library);
    const machineCode = MachineCode.open(library, 2);
    limitThreads(library.handle, library.runtime, 2);
    const { block, fastBf16, hasTiles } = library;
    const usesKernels = machineCode !== undefined;
    const settings = { traits: dnnl.traits, activation, block, usesKernels, fastBf16, hasTiles };
    const native = { dnnl, machineCode, communicator: soloCommunicator };
    for (const { name, program, inputs, expected } of cases) {
      await context.test(name, () => {
        const plan = planProgram(dnnl, program, { ...settings, ways: new Rules(settings) });
        const executable = new DnnlExecutable(native, poisoned(dnnl, plan), () => {
          throw new Error('there are no variables');
        });
        const found = executable.run(tensorData(inputs), { seed: 0, step: 0 });
        executable.close();
        const tolerance = toleranceOf(program, leastTolerance[activation]);
        assertClose(found, expected, tolerance);
      });
    }
    machineCode?.close();
    dnnl.close();
  });
}
