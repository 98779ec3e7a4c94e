import type { Tensor } from 'onnxruntime-node';
import { sizeOf, type TensorData, type TensorType } from '../../../../graph/tensorType.js';
import { freeArrays } from '../../../host/freeArrays.js';
import type { UpdatedTensor } from '../../variables.js';
import type { NodeRuntime } from '../runtime.js';
import type { SplitProgram } from './splitProgram.js';

/** Where tensors in a row begin: ONNX Runtime's kernels like whole lines of the cache. */
const ALIGNMENT = 64;

/** A tensor that lies in one place for as long as its program is there: what is written is read from there. */
class CarriedTensor implements UpdatedTensor<Tensor> {
  readonly current: Tensor;

  constructor(
    runtime: NodeRuntime,
    readonly data: TensorData,
    { shape }: TensorType,
  ) {
    this.current = runtime.tensor(data, shape);
  }

  get spare(): Tensor {
    return this.current;
  }

  update(result: Tensor): void {
    if (result !== this.current) throw new Error('ONNX Runtime has not written where it was told to');
  }
}

/** The memory of what the stages of a program hand on. What ranks combine together lies in one row, which is one array to MPI. */
export class CarriedTensors {
  readonly byName = new Map<string, CarriedTensor>();
  private readonly memory: Uint8Array[] = [];

  constructor(
    private readonly runtime: NodeRuntime,
    { stages, carried }: Pick<SplitProgram, 'stages' | 'carried'>,
  ) {
    const rows = stages.flatMap(({ combinations }) => combinations.map(({ results }) => results));
    for (const names of rows) this.place(names, carried);
    for (const name of carried.keys()) if (!this.byName.has(name)) this.place([name], carried);
  }

  /** The contents, in place. */
  data(name: string): TensorData {
    return this.byName.get(name)!.data;
  }

  close(): void {
    freeArrays(this.memory);
  }

  private place(names: readonly string[], types: SplitProgram['carried']): void {
    const starts: number[] = [];
    let end = 0;
    for (const name of names) {
      starts.push(end);
      end += Math.ceil((4 * sizeOf(types.get(name)!.shape)) / ALIGNMENT) * ALIGNMENT;
    }
    const bytes = new Uint8Array(end);
    this.memory.push(bytes);
    names.forEach((name, i) => {
      const type = types.get(name)!;
      const Data = type.dtype === 'i32' ? Int32Array : Float32Array;
      const data = new Data(bytes.buffer, starts[i]!, sizeOf(type.shape));
      this.byName.set(name, new CarriedTensor(this.runtime, data, type));
    });
  }
}
