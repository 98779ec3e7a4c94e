import { env, listSupportedBackends } from 'onnxruntime-node';
import { errorMessage, UserError } from '../../../errors.js';
import type { BackendFactory } from '../../engine.js';
import { OnnxBackend } from '../backend.js';
import { providers } from '../providers.js';
import { smallestModel } from '../smallestModel.js';
import { NodeRuntime } from './runtime.js';

/** Said in the engine's description. */
const RESOURCES = 'WebGPU, experimental: variables are copied to the GPU and back in every step';

/**
 * ONNX Runtime's WebGPU provider, where the installed package has it, for a worker thread. Results come to the host:
 * onnxruntime-node 1.30 aborts the process when it is to leave them in buffers of the GPU.
 *
 * @throws UserError when the package has no such provider, or finds no GPU
 */
export const createBackend: BackendFactory = async ({ threads, precision }, communicator) => {
  if (communicator.size > 1)
    throw new UserError(
      `the webgpu engine cannot combine tensors of ${communicator.size} ranks: they need the onednn, onnx or reference engine`,
    );
  if (precision === 'bf16' || precision === 'tf32')
    throw new UserError(`the webgpu engine computes in f32, not in ${precision}`);
  if (!listSupportedBackends().some(({ name }) => name === 'webgpu'))
    throw new UserError(
      `ONNX Runtime ${env.versions.node ?? ''} for ${process.platform} ${process.arch} has no WebGPU`,
    );
  const runtime = new NodeRuntime({ provider: providers.webgpu, threads, resources: RESOURCES });
  try {
    const session = await runtime.session(smallestModel(), { optimise: false, externalData: [] });
    await session.release();
  } catch (error) {
    throw new UserError(`WebGPU found no usable GPU: ${shortened(errorMessage(error))}`);
  }
  return new OnnxBackend(runtime);
};

/** ONNX Runtime's reason without the place in its sources: what follows `was false.`. */
function shortened(message: string): string {
  const line = message.split('\n')[0]!;
  return line.slice(line.lastIndexOf('was false.') + 1).replace(/^as false\.\s*/, '') || line;
}
