import type { ConvolutionSpec, StorageType, StridedTensor } from '../../device.js';
import type { Cudnn, Descriptor } from './cudnn.js';
import {
  ATTRIBUTE,
  CONVOLUTION,
  CROSS_CORRELATION,
  DATA_TYPE,
  DESCRIPTOR,
  POINTWISE,
  TYPE,
} from './enums.js';

/** Numbers by which a convolution's tensors are known when pointers are given. */
export const TENSOR_ID = { image: 1, filter: 2, result: 3, bias: 4, addend: 5 } as const;
/** Those of values that are never stored start here. */
const FIRST_VIRTUAL_ID = 10;

/** All tensors start at multiples of so many bytes. */
export const ALIGNMENT = 16;

/** A graph of operations that cuDNN computes at once. */
export interface OperationGraph {
  readonly graph: Descriptor;
  close(): void;
}

/**
 * Describes a convolution and its epilogue to cuDNN.
 *
 * @throws CudnnError where cuDNN refuses it
 */
export function buildGraph(cudnn: Cudnn, spec: ConvolutionSpec): OperationGraph {
  const builder = new GraphBuilder(cudnn);
  try {
    builder.addConvolution(spec);
    return { graph: builder.finish(), close: () => builder.close() };
  } catch (error) {
    builder.close();
    throw error;
  }
}

/** A tensor of the graph, and its numbers in memory. */
interface Value {
  readonly pointer: number;
  readonly tensor: StridedTensor;
}

class GraphBuilder {
  private readonly descriptors: Descriptor[] = [];
  private readonly operations: number[] = [];
  private nextVirtual = FIRST_VIRTUAL_ID;

  constructor(private readonly cudnn: Cudnn) {}

  addConvolution(spec: ConvolutionSpec): void {
    const { kind, geometry, epilogue } = spec;
    const written = { forward: 'result', inputGrad: 'image', weightGrad: 'filter' }[kind] as
      | 'image'
      | 'filter'
      | 'result';
    const output = this.tensor(spec[written], TENSOR_ID[written]);
    const steps = epilogue === undefined ? [] : this.epilogueSteps(spec);
    const convolved = steps.length === 0 ? output : this.virtual(spec[written]);
    const values = {
      image: written === 'image' ? convolved : this.tensor(spec.image, TENSOR_ID.image),
      filter: written === 'filter' ? convolved : this.tensor(spec.filter, TENSOR_ID.filter),
      result: written === 'result' ? convolved : this.tensor(spec.result, TENSOR_ID.result),
    };
    const attributes = CONVOLUTION[kind];
    const operation = this.make(attributes.type)
      .setPointers(attributes.image, TYPE.descriptor, [values.image.pointer])
      .setPointers(attributes.filter, TYPE.descriptor, [values.filter.pointer])
      .setPointers(attributes.result, TYPE.descriptor, [values.result.pointer])
      .setPointers(attributes.convolution, TYPE.descriptor, [this.geometry(geometry)])
      .set(attributes.alpha, TYPE.float, Float32Array.of(1))
      .set(attributes.beta, TYPE.float, Float32Array.of(0))
      .finalize();
    this.operations.push(operation.pointer);
    this.addSteps(steps, convolved, output);
  }

  /** The graph of the operations that were added. */
  finish(): Descriptor {
    return this.make(DESCRIPTOR.graph)
      .setPointers(ATTRIBUTE.graphHandle, TYPE.handle, [this.cudnn.handle])
      .setPointers(ATTRIBUTE.graphOperations, TYPE.descriptor, this.operations)
      .finalize();
  }

  close(): void {
    for (const descriptor of this.descriptors.splice(0).reverse()) descriptor.close();
  }

  private epilogueSteps({ epilogue, result }: ConvolutionSpec): PointwiseStep[] {
    const steps: PointwiseStep[] = [];
    const channels = result.shape[1]!;
    if (epilogue?.bias) {
      const strides = [channels, 1, channels, channels];
      const bias: StridedTensor = { type: 'f32', shape: [1, channels, 1, 1], strides };
      steps.push({ mode: POINTWISE.add, operand: this.tensor(bias, TENSOR_ID.bias) });
    }
    if (epilogue?.addend) steps.push({ mode: POINTWISE.add, operand: this.tensor(result, TENSOR_ID.addend) });
    if (epilogue?.activation !== undefined) steps.push({ mode: POINTWISE.relu, operand: undefined });
    return steps;
  }

  /** Adds operations from `first` on, the last of which writes `output`. */
  private addSteps(steps: readonly PointwiseStep[], first: Value, output: Value): void {
    let value = first;
    steps.forEach(({ mode, operand }, index) => {
      const next = index === steps.length - 1 ? output : this.virtual(output.tensor);
      const operation = this.make(DESCRIPTOR.pointwiseOperation)
        .setPointers(ATTRIBUTE.pointwiseDescriptor, TYPE.descriptor, [this.pointwise(mode)])
        .setPointers(ATTRIBUTE.pointwiseX, TYPE.descriptor, [value.pointer])
        .setPointers(ATTRIBUTE.pointwiseY, TYPE.descriptor, [next.pointer]);
      if (operand !== undefined)
        operation.setPointers(ATTRIBUTE.pointwiseB, TYPE.descriptor, [operand.pointer]);
      this.operations.push(operation.finalize().pointer);
      value = next;
    });
  }

  private pointwise(mode: number): number {
    return this.make(DESCRIPTOR.pointwise)
      .setEnum(ATTRIBUTE.pointwiseMode, TYPE.pointwiseMode, mode)
      .setEnum(ATTRIBUTE.pointwisePrecision, TYPE.dataType, DATA_TYPE.f32)
      .finalize().pointer;
  }

  private geometry({ stride, padding, dilation }: ConvolutionSpec['geometry']): number {
    return this.make(DESCRIPTOR.convolution)
      .setEnum(ATTRIBUTE.convolutionType, TYPE.dataType, DATA_TYPE.f32)
      .setEnum(ATTRIBUTE.convolutionMode, TYPE.convolutionMode, CROSS_CORRELATION)
      .setIntegers(ATTRIBUTE.convolutionSpatialDims, TYPE.int64, [2])
      .setIntegers(ATTRIBUTE.convolutionPrePaddings, TYPE.int64, padding)
      .setIntegers(ATTRIBUTE.convolutionPostPaddings, TYPE.int64, padding)
      .setIntegers(ATTRIBUTE.convolutionDilations, TYPE.int64, dilation)
      .setIntegers(ATTRIBUTE.convolutionStrides, TYPE.int64, stride)
      .finalize().pointer;
  }

  /** A value in registers, an f32. */
  private virtual(tensor: StridedTensor): Value {
    const id = this.nextVirtual++;
    const { pointer } = this.describe(tensor, 'f32', id)
      .set(ATTRIBUTE.tensorIsVirtual, TYPE.boolean, Uint8Array.of(1))
      .finalize();
    return { pointer, tensor };
  }

  private tensor(tensor: StridedTensor, id: number): Value {
    return { pointer: this.describe(tensor, tensor.type, id).finalize().pointer, tensor };
  }

  private describe({ shape, strides }: StridedTensor, type: StorageType, id: number): Descriptor {
    return this.make(DESCRIPTOR.tensor)
      .setEnum(ATTRIBUTE.tensorType, TYPE.dataType, DATA_TYPE[type])
      .setIntegers(ATTRIBUTE.tensorDimensions, TYPE.int64, shape)
      .setIntegers(ATTRIBUTE.tensorStrides, TYPE.int64, strides)
      .setIntegers(ATTRIBUTE.tensorId, TYPE.int64, [id])
      .setIntegers(ATTRIBUTE.tensorAlignment, TYPE.int64, [ALIGNMENT]);
  }

  private make(type: number): Descriptor {
    const descriptor = this.cudnn.descriptor(type);
    this.descriptors.push(descriptor);
    return descriptor;
  }
}

/** A pointwise operation on the value so far, and its other operand. */
interface PointwiseStep {
  readonly mode: number;
  readonly operand: Value | undefined;
}
