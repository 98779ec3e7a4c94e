/**
 * The lowerings for providers that have less than the processor's: their models are run on the processor.
 *
 * A case is run once per distinct model: most lower to the same model for every provider, and the conformance suite
 * runs what the processor's own provider gives.
 */
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { OnnxBackend } from '../../../src/engines/onnx/backend.js';
import { lowerProgram } from '../../../src/engines/onnx/lowering/lowerProgram.js';
import { NodeRuntime } from '../../../src/engines/onnx/node/runtime.js';
import { type Provider, providers } from '../../../src/engines/onnx/providers.js';
import { type Program, variablesOf } from '../../../src/graph/program.js';
import { recompute } from '../../../src/graph/recompute.js';
import { withoutCollectives } from '../../../src/graph/withoutCollectives.js';
import { conformanceCases } from '../conformance/cases.js';
import { assertClose, expectedOutputs, tensorData, toleranceOf } from '../conformance/compare.js';

const { cpu } = providers;
const reduced: Readonly<Record<string, Provider>> = {
  'without blocked layouts': cpu,
  'without the training mode of batch normalisation': { ...cpu, trainingBatchNorm: false },
  'without FusedMatMul': { ...cpu, fusedMatMul: false },
  'without FusedConv': { ...cpu, fusedConv: false },
  'without LogSoftmax': { ...cpu, logSoftmax: false },
  'with what wasm has': { ...providers.wasm, name: cpu.name },
  'with what WebGPU has': { ...providers.webgpu, name: cpu.name },
};

/** A hash of the model, the constants beside it, and what its outputs are for. */
function lowered(program: Program, provider: Provider): string {
  const { bytes, externalData, fetches } = lowerProgram(recompute(withoutCollectives(program)), provider);
  const hash = createHash('sha256').update(bytes).update(JSON.stringify(fetches));
  for (const { data } of externalData)
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest('hex');
}

const cases = conformanceCases
  .filter(({ frozen }) => !frozen)
  .map((one) => ({ one, seen: new Set([lowered(one.program, { ...cpu, blockSize: 16 })]) }));

for (const [title, provider] of Object.entries(reduced)) {
  describe(`onnx ${title}`, () => {
    const backend = new OnnxBackend(new NodeRuntime({ provider, threads: 1 }));
    for (const { one, seen } of cases) {
      const model = lowered(one.program, provider);
      if (seen.has(model)) continue;
      seen.add(model);
      test(one.name, async () => {
        const { program } = one;
        const variables = new Map(variablesOf(program).map((type) => [type.name, backend.variable(type)]));
        const executable = await backend.compile(program, { variables, frozen: false, precision: 'f32' });
        const found = await executable.run(tensorData(one.inputs), { seed: 0, step: 0 });
        assertClose(found, expectedOutputs(one), toleranceOf(program, 0));
        await executable.close();
      });
    }
  });
}
