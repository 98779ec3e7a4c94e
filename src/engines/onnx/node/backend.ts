import { UserError } from '../../../errors.js';
import type { BackendFactory } from '../../engine.js';
import { OnnxBackend } from '../backend.js';
import { probeBlockSize } from '../blockProbe.js';
import { providers } from '../providers.js';
import { refuseRanks } from './refuseRanks.js';
import { NodeRuntime } from './runtime.js';

/** The ONNX Runtime engine for a worker thread. */
export const createBackend: BackendFactory = async ({ threads, precision }, communicator) => {
  refuseRanks(communicator);
  if (precision === 'bf16' || precision === 'tf32')
    throw new UserError(`the onnx engine computes in f32, not in ${precision}`);
  const provider = providers.cpu;
  const blockSize = await probeBlockSize(new NodeRuntime({ provider, threads: 1 }));
  return new OnnxBackend(new NodeRuntime({ provider: { ...provider, blockSize }, threads }));
};
