import { describe, test } from 'node:test';
import { OnnxBackend } from '../../../src/engines/onnx/backend.js';
import { conformanceCases } from '../conformance/cases.js';
import { assertClose, expectedOutputs, tensorData, toleranceOf } from '../conformance/compare.js';

/** As on a processor for which ONNX Runtime has no blocked layout. */
describe('onnx without blocked layouts', () => {
  const backend = new OnnxBackend({ threads: 1, blockSize: undefined });
  for (const { name, ...one } of conformanceCases) {
    if (one.frozen) continue;
    test(name, async () => {
      const executable = await backend.compile(one.program, { variables: 'live', precision: 'f32' });
      const found = await executable.run(tensorData(one.inputs), { seed: 0, step: 0 });
      assertClose(found, expectedOutputs({ name, ...one }), toleranceOf(one.program, 0));
      await executable.close();
    });
  }
});
