/** The lowerings for providers that have less than the processor's: their models are run on the processor. */
import { describe, test } from 'node:test';
import { OnnxBackend } from '../../../src/engines/onnx/backend.js';
import { NodeRuntime } from '../../../src/engines/onnx/node/runtime.js';
import { type Provider, providers } from '../../../src/engines/onnx/providers.js';
import { variablesOf } from '../../../src/graph/program.js';
import { conformanceCases } from '../conformance/cases.js';
import { assertClose, expectedOutputs, tensorData, toleranceOf } from '../conformance/compare.js';

const { cpu } = providers;
const reduced: Readonly<Record<string, Provider>> = {
  'without blocked layouts': cpu,
  'without the training mode of batch normalisation': { ...cpu, trainingBatchNorm: false },
  'without FusedMatMul': { ...cpu, fusedMatMul: false },
  'without LogSoftmax': { ...cpu, logSoftmax: false },
  'with what wasm has': { ...providers.wasm, name: cpu.name },
  'with what WebGPU has': { ...providers.webgpu, name: cpu.name },
};

for (const [title, provider] of Object.entries(reduced)) {
  describe(`onnx ${title}`, () => {
    const backend = new OnnxBackend(new NodeRuntime({ provider, threads: 1 }));
    for (const { name, ...one } of conformanceCases) {
      if (one.frozen) continue;
      test(name, async () => {
        const { program } = one;
        const variables = new Map(variablesOf(program).map((type) => [type.name, backend.variable(type)]));
        const executable = await backend.compile(program, { variables, frozen: false, precision: 'f32' });
        const found = await executable.run(tensorData(one.inputs), { seed: 0, step: 0 });
        assertClose(found, expectedOutputs({ name, ...one }), toleranceOf(program, 0));
        await executable.close();
      });
    }
  });
}
