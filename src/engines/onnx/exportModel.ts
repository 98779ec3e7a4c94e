import { DataType, type Dimension, type OnnxModelBuilder } from '../../formats/onnx/modelBuilder.js';
import { expectOpset, LOWEST_OPSET, neededOpset } from '../../formats/onnx/opsets.js';
import type { Program } from '../../graph/program.js';
import { isFloat32Array } from '../../realms.js';
import { GraphBuilder } from './lowering/graphBuilder.js';
import { lowerNode } from './lowering/table.js';
import { STANDARD } from './providers.js';

/** How a model is exported. */
export interface ExportOptions {
  /** Names of the classes, for the metadata. */
  readonly classes: readonly string[];
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** How images are resized, for the metadata: pixels of the shorter side before the centre crop. */
  readonly resizeSize?: number | undefined;
  readonly interpolation?: string | undefined;
  /** Whether the EXIF orientation of images is applied, for the metadata. */
  readonly exif?: string | undefined;
  /** Take uint8 images [batch, H, W, C] instead of normalised floats [batch, C, H, W]. Default false. */
  readonly includePreprocessing?: boolean | undefined;
  /** Version of the standard operator set. Default: the lowest that has all the model's operators, 13 or more. */
  readonly opset?: number | undefined;
  /** Store weights as 16-bit floats, widened when the model is loaded: half the size, nearly the same results. Default false. */
  readonly f16?: boolean | undefined;
}

/** A batch size that no other size of a model equals: where it stands, the exported model's batch is free. */
export const EXPORT_BATCH = 7919;

/** Builds a model whose batch size is free. */
class DynamicBatchBuilder extends GraphBuilder {
  constructor(
    private readonly f16: boolean,
    opset: number,
  ) {
    super(STANDARD, undefined, opset);
  }

  override input(name: string, type: DataType, shape: readonly Dimension[]): string {
    return super.input(name, type, freeBatch(shape));
  }

  override output(name: string, type: DataType, shape: readonly Dimension[]): void {
    super.output(name, type, freeBatch(shape));
  }

  override ints(values: readonly number[]): string {
    return super.ints(values.map((value) => (value === EXPORT_BATCH ? -1 : value)));
  }

  override tensor(type: DataType, shape: readonly number[], data: ArrayBufferView, name?: string): string {
    if (!this.f16 || !isFloat32Array(data) || shape.length < 2) return super.tensor(type, shape, data, name);
    const halves = this.halfTensor(shape, data);
    return this.node('Cast', [halves], { to: DataType.FLOAT }, name);
  }
}

function freeBatch(shape: readonly Dimension[]): Dimension[] {
  return shape.map((size) => (size === EXPORT_BATCH ? 'batch' : size));
}

/**
 * An ONNX model with a program's inputs and outputs, such as `images` and `logits`.
 *
 * @param program in evaluation mode with fixed weights (see freeze); traced at {@link EXPORT_BATCH}, its batch size is free
 * @throws UserError when an operator is not in the operator set that is asked for
 */
export function exportOnnx(program: Program, options: ExportOptions): Uint8Array {
  const { opset } = options;
  if (opset !== undefined) {
    const model = lower(program, options, opset);
    expectOpset(model.allNodes(), opset);
    return model.build('biasloss');
  }
  const oldest = lower(program, options, LOWEST_OPSET);
  const needed = neededOpset(oldest.allNodes()).opset;
  // Some operators are written otherwise in later versions.
  return (needed === LOWEST_OPSET ? oldest : lower(program, options, needed)).build('biasloss');
}

function lower(program: Program, options: ExportOptions, opset: number): DynamicBatchBuilder {
  const model = new DynamicBatchBuilder(options.f16 ?? false, opset);
  const names = new Map<number, string>();
  for (const node of program.nodes) {
    if (node.kind === 'constant')
      names.set(node.outputs[0]!, model.tensor(DataType.FLOAT, node.attributes.shape, node.attributes.data));
    else if (node.kind === 'input')
      names.set(
        node.outputs[0]!,
        node.attributes.name === 'images'
          ? imagesInput(model, node.attributes.shape, options)
          : model.input(node.attributes.name, DataType.FLOAT, node.attributes.shape),
      );
    else if (node.kind === 'variable' || node.kind === 'uniform')
      throw new Error(`a ${node.kind} cannot be exported`);
    else lowerNode(model, program, node, names);
  }
  for (const [name, value] of Object.entries(program.outputs)) {
    model.node('Identity', [names.get(value)!], {}, name);
    model.output(name, DataType.FLOAT, program.values[value]!.shape);
  }
  model.describe('classes', JSON.stringify(options.classes));
  model.describe('mean', JSON.stringify(options.mean));
  model.describe('std', JSON.stringify(options.std));
  for (const key of ['resizeSize', 'interpolation', 'exif'] as const) {
    const value = options[key];
    if (value !== undefined) model.describe(key, String(value));
  }
  model.describe(
    'input',
    options.includePreprocessing
      ? `uint8 [batch, height, width, ${options.mean.length}]`
      : `normalised float [batch, ${options.mean.length}, height, width]`,
  );
  return model;
}

/** The input's name after preprocessing: (x/255 − mean)/std, channels first. */
function imagesInput(model: OnnxModelBuilder, shape: readonly number[], options: ExportOptions): string {
  if (!options.includePreprocessing) return model.input('images', DataType.FLOAT, shape);
  const [batch, channels, height, width] = shape as [number, number, number, number];
  const images = model.input('images', DataType.UINT8, [batch, height, width, channels]);
  const floats = model.node('Cast', [images], { to: DataType.FLOAT });
  const planes = model.node('Transpose', [floats], { perm: [0, 3, 1, 2] });
  const perChannel = (values: number[]): string =>
    model.tensor(DataType.FLOAT, [channels, 1, 1], Float32Array.from(values));
  const scaled = model.node('Mul', [planes, perChannel(options.std.map((std) => 1 / (255 * std)))]);
  return model.node('Sub', [scaled, perChannel(options.mean.map((mean, c) => mean / options.std[c]!))]);
}
