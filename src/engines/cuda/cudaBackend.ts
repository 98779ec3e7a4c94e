import type { Program } from '../../graph/program.js';
import type { TensorType } from '../../graph/tensorType.js';
import { withoutCollectives } from '../../graph/withoutCollectives.js';
import type {
  BackendCompileOptions,
  BackendOptions,
  EngineBackend,
  MachinePeaks,
  Precision,
} from '../engine.js';
import type { Device } from './device.js';
import { CudaExecutable } from './executable.js';
import { measurePeaks } from './peaks.js';
import { planProgram } from './plan/plan.js';
import { CudaVariable } from './variables.js';

/** The engine on a device: a program becomes generated kernels and calls of cuDNN and cuBLASLt. */
export class CudaBackend implements EngineBackend<CudaVariable> {
  readonly description: string;
  readonly precision: Precision;
  readonly takesAhead = true;

  constructor(
    private readonly device: Device,
    { precision }: Pick<BackendOptions, 'precision'>,
  ) {
    this.precision = precision === 'auto' ? (device.hasBf16 ? 'bf16' : 'f32') : precision;
    this.description = `${device.description}, ${this.precision}`;
  }

  variable(type: TensorType): CudaVariable {
    return new CudaVariable(this.device, type);
  }

  compile(
    program: Program,
    { variables, precision }: BackendCompileOptions<CudaVariable>,
  ): Promise<CudaExecutable> {
    const whole = withoutCollectives(program);
    const plan = planProgram(this.device, whole, precision);
    return CudaExecutable.create(this.device, whole, plan, (name) => variables.get(name)!.pointer);
  }

  measurePeaks(): Promise<MachinePeaks> {
    return measurePeaks(this.device);
  }

  close(): void {
    this.device.close();
  }
}
