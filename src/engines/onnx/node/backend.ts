import { UserError } from '../../../errors.js';
import type { BackendFactory } from '../../engine.js';
import { OnnxBackend } from '../backend.js';
import { probeBlockSize } from '../blockProbe.js';
import { providers } from '../providers.js';
import { RankedBackend } from './ranks/rankedBackend.js';
import { NodeRuntime } from './runtime.js';

/** The ONNX Runtime engine for a worker thread. */
export const createBackend: BackendFactory = async ({ threads, precision }, communicator) => {
  if (precision === 'bf16' || precision === 'tf32')
    throw new UserError(`the onnx engine computes in f32, not in ${precision}`);
  const provider = providers.cpu;
  const blockSize = await probeBlockSize(new NodeRuntime({ provider, threads: 1 }));
  const runtime = new NodeRuntime({ provider: { ...provider, blockSize }, threads });
  const backend = new OnnxBackend(runtime, communicator.rank);
  return communicator.size > 1 ? new RankedBackend(backend, runtime, communicator) : backend;
};
