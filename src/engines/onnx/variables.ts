import { Tensor } from 'onnxruntime-node';
import { type Shape, sizeOf, type TensorData, type TensorType } from '../../graph/tensorType.js';

interface Variable {
  shape: Shape;
  /** The present value. */
  current: Tensor;
  /** Where the next value goes; the two change places after each run that updates the variable. */
  spare: Tensor | undefined;
}

function makeTensor(data: TensorData, shape: Shape): Tensor {
  return data instanceof Int32Array ? new Tensor('int32', data, shape) : new Tensor('float32', data, shape);
}

function emptyData({ shape, dtype }: TensorType): TensorData {
  return dtype === 'i32' ? new Int32Array(sizeOf(shape)) : new Float32Array(sizeOf(shape));
}

function dataOf(tensor: Tensor): TensorData {
  return tensor.data as TensorData;
}

/**
 * Variables in two buffers each: a run reads the present value from one and writes the next into the
 * other, because ONNX Runtime may still read an input when it writes an output.
 */
export class OnnxVariables {
  private readonly variables = new Map<string, Variable>();

  /** Makes a variable known with its shape; zeros unless it was written before. */
  declare(name: string, type: TensorType): void {
    const known = this.variables.get(name);
    const data = known ? dataOf(known.current) : emptyData(type);
    if (known && known.shape.join() === type.shape.join()) return;
    this.variables.set(name, { shape: type.shape, current: makeTensor(data, type.shape), spare: undefined });
  }

  /** The present value's tensor. */
  current(name: string): Tensor {
    return this.find(name).current;
  }

  /** The tensor that the next value is to be written into. */
  spare(name: string): Tensor {
    const variable = this.find(name);
    const data = dataOf(variable.current);
    variable.spare ??= makeTensor(
      data instanceof Int32Array ? new Int32Array(data.length) : new Float32Array(data.length),
      variable.shape,
    );
    return variable.spare;
  }

  /** Makes the value that was written into {@link spare} the present one. */
  swap(name: string): void {
    const variable = this.find(name);
    const { current, spare } = variable;
    variable.current = spare ?? current;
    variable.spare = current;
  }

  read(names: readonly string[] = [...this.variables.keys()]): Map<string, TensorData> {
    return new Map(names.map((name) => [name, dataOf(this.find(name).current).slice()]));
  }

  write(values: ReadonlyMap<string, TensorData>): void {
    for (const [name, data] of values) {
      const known = this.variables.get(name);
      if (known) dataOf(known.current).set(data);
      else
        this.variables.set(name, {
          shape: [data.length],
          current: makeTensor(data.slice(), [data.length]),
          spare: undefined,
        });
    }
  }

  clear(): void {
    this.variables.clear();
  }

  private find(name: string): Variable {
    const variable = this.variables.get(name);
    if (!variable) throw new Error(`the engine has no variable ${name}`);
    return variable;
  }
}
