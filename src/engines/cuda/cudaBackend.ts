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
import type { Device, Kernel, Pointer } from './device.js';
import { CudaExecutable } from './executable.js';
import { unpackImages } from './kernels/unpackImages.js';
import { measurePeaks } from './peaks.js';
import { choosePlan } from './planChoice.js';
import { Results } from './results.js';
import { CudaVariable } from './variables.js';

/** The engine on a device: a program becomes generated kernels and calls of cuDNN and cuBLASLt. */
export class CudaBackend implements EngineBackend<CudaVariable> {
  readonly description: string;
  readonly precision: Precision;
  readonly takesAhead = true;
  readonly runsAhead = true;
  readonly takesBytes = true;
  private unpack: Kernel | undefined;
  private readonly results = new Results();

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

  async compile(
    program: Program,
    { variables, precision }: BackendCompileOptions<CudaVariable>,
  ): Promise<CudaExecutable> {
    const { device } = this;
    this.unpack ??= (await device.compile([unpackImages]))[0]!;
    const whole = withoutCollectives(program);
    const parts = { unpack: this.unpack, results: this.results };
    const plan = await choosePlan({ device, program: whole, arithmetic: precision }, parts);
    const variable = (name: string): Pointer => variables.get(name)!.pointer;
    return CudaExecutable.create(device, whole, plan, { ...parts, variable });
  }

  measurePeaks(): Promise<MachinePeaks> {
    return measurePeaks(this.device);
  }

  close(): void {
    this.device.close();
  }
}
