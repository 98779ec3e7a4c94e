import type { ConvGeometry } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import type { Shape } from '../../../graph/tensorType.js';
import { ARG } from '../dnnl.js';
import type { ElementType, MemoryDesc } from '../memoryDesc.js';
import type { Place } from '../plan/place.js';
import type { Planner } from '../plan/planner.js';
import type { ConvSpec, PostOp, Primitive } from '../primitiveSpec.js';
import { type ConvShapes, weightShape } from './convShapes.js';
import { isWideDepthwise, wideDepthwiseGradient } from './depthwise.js';
import { activationOps, binary } from './elementwise.js';
import type { Lowerings } from './lowering.js';

/** Channels of a block in the layouts of AVX512 code. */
const BLOCK = 16;

/**
 * Winograd's F(4×4, 3×3) needs a quarter of the multiplications. Measured with oneDNN 2.6.3: 1.3 to 2.6 times
 * the direct algorithm's speed from 32 channels up, but not on pictures of a single tile with few channels.
 */
function isWinograd(
  { block, dnnl }: Planner,
  { stride, padding, groups }: ConvGeometry,
  { weight, y }: ConvShapes,
): boolean {
  const [outputs, inputs, ...kernel] = weight as [number, number, number, number];
  const fits =
    block === BLOCK &&
    dnnl.traits.winograd &&
    groups === 1 &&
    [...kernel, ...stride, ...padding].join() === '3,3,1,1,1,1' &&
    outputs % BLOCK === 0 &&
    inputs % BLOCK === 0;
  const channels = Math.min(outputs, inputs);
  return fits && (channels >= 64 || (channels >= 32 && y[2]! * y[3]! >= 64));
}

/**
 * Type of a convolution's operands: the activations', but for those that oneDNN 2.6.3 is slower at in bf16
 * than in f32. That is the weight gradient toward pictures, whose channels fill no block (3.5 ms against 0.5),
 * and Winograd's convolutions of 256 channels and more: all of 8×8 pixels (256 channels, batch 64: 5.0 ms
 * against 3.6 forward, 5.3 against 3.7, 5.7 against 5.1), the weight gradient of 4×4 (512: 10.9 against 5.7).
 */
function elementType(
  planner: Planner,
  pass: ConvSpec['pass'],
  geometry: ConvGeometry,
  shapes: ConvShapes,
): ElementType {
  const [outputs, inputs] = shapes.weight as [number, number];
  const pixels = shapes.y[2]! * shapes.y[3]!;
  const ofWeights = pass === 'weightGradient';
  if (ofWeights && geometry.groups === 1 && inputs < BLOCK) return 'f32';
  const isLarge = Math.min(outputs, inputs) >= 256 && isWinograd(planner, geometry, shapes);
  return isLarge && (pixels === 64 || (ofWeights && pixels <= 16)) ? 'f32' : planner.activation;
}

/** Whether to name the layout of pictures rather than to let the library choose. */
function namesLayout(
  { block, dnnl }: Planner,
  pass: ConvSpec['pass'],
  { stride, groups }: ConvGeometry,
  { x }: ConvShapes,
): boolean {
  const isStridedDepthwise = groups === x[1] && Math.max(...stride) > 1;
  return (
    block !== undefined && dnnl.traits.slowStridedDepthwise && pass === 'inputGradient' && isStridedDepthwise
  );
}

/** A convolution whose layouts the library is to choose, as a rule. */
export function convSpec(
  planner: Planner,
  pass: ConvSpec['pass'],
  { stride, padding, groups }: ConvGeometry,
  { x, weight, y }: ConvShapes,
  withBias: boolean,
): ConvSpec {
  const { dnnl } = planner;
  const geometry = { stride, padding, groups };
  const activation = elementType(planner, pass, geometry, { x, weight, y });
  const weightType = pass === 'weightGradient' ? 'f32' : activation;
  const isNamed = namesLayout(planner, pass, geometry, { x, weight, y });
  const pictures = (shape: Shape): MemoryDesc =>
    isNamed ? planner.pictures(shape) : dnnl.any(shape, activation);
  return {
    kind: 'convolution',
    pass,
    algorithm:
      activation === 'f32' && isWinograd(planner, geometry, { x, weight, y }) ? 'winograd' : 'direct',
    src: pictures(x),
    weights: dnnl.any(weightShape(weight, groups), weightType),
    bias: withBias ? planner.rowMajor([weight[0]!]) : undefined,
    dst: pictures(y),
    strides: stride,
    paddingBegin: padding,
    paddingEnd: padding,
  };
}

interface Operands {
  readonly x: ValueId;
  readonly weight: ValueId;
  readonly bias: ValueId | undefined;
  readonly shapes: ConvShapes;
}

function operandsOf(planner: Planner, inputs: readonly ValueId[], hasBias: boolean, y: ValueId): Operands {
  const [x, weight] = inputs as [ValueId, ValueId];
  const shapes = { x: planner.shapeOf(x), weight: planner.shapeOf(weight), y: planner.shapeOf(y) };
  return { x, weight, bias: hasBias ? inputs[2] : undefined, shapes };
}

interface Forward {
  readonly spec: ConvSpec;
  readonly primitive: Primitive;
}

function prepareForward(
  planner: Planner,
  geometry: ConvGeometry,
  { shapes, bias }: Operands,
  postOps: readonly PostOp[],
): Forward {
  const spec = { ...convSpec(planner, 'training', geometry, shapes, bias !== undefined), postOps };
  return { spec, primitive: planner.prepare(spec) };
}

function run(
  planner: Planner,
  { x, weight, bias }: Operands,
  { spec, primitive }: Forward,
  dst: Place,
): void {
  const reads = {
    [ARG.src]: planner.as(x, primitive.desc('src')!),
    [ARG.weights]: planner.as(weight, primitive.desc('weights')!),
    ...(bias === undefined ? {} : { [ARG.bias]: planner.plain(bias) }),
  };
  planner.execute(spec, primitive, reads, { [ARG.dst]: dst });
}

/** A convolution that adds to its addend's memory, where that is dense, in its layout and read for the last time. */
function addOnto(
  planner: Planner,
  geometry: ConvGeometry,
  { operands, addend, y }: { readonly operands: Operands; readonly addend: ValueId; readonly y: ValueId },
  activation: readonly PostOp[],
): void {
  const onto = planner.first(addend);
  const isSource = planner.first(operands.x).buffer === onto.buffer;
  const adding = prepareForward(planner, geometry, operands, [{ kind: 'sum', scale: 1 }, ...activation]);
  const fits = adding.primitive.desc('dst')!.key === onto.desc.key;
  if (fits && !isSource && planner.mayOverwrite(onto)) {
    run(planner, operands, adding, planner.define(y, onto));
    return;
  }
  const plain = prepareForward(planner, geometry, operands, []);
  const result = planner.allocate(plain.primitive.desc('dst')!);
  run(planner, operands, plain, result);
  binary(planner, 'add', [result, planner.as(addend, result.desc)], y, activation);
}

function parameterGradient(
  planner: Planner,
  geometry: ConvGeometry,
  inputs: readonly ValueId[],
  outputs: readonly ValueId[],
): void {
  const [dy, x] = inputs as [ValueId, ValueId];
  const [dw, dbias] = outputs as [ValueId, ValueId?];
  const shapes = { x: planner.shapeOf(x), weight: planner.shapeOf(dw), y: planner.shapeOf(dy) };
  if (dbias === undefined && isWideDepthwise(planner, geometry, shapes)) {
    wideDepthwiseGradient(planner, geometry, { dy, x, dw });
    return;
  }
  const spec = convSpec(planner, 'weightGradient', geometry, shapes, dbias !== undefined);
  const primitive = planner.prepare(spec);
  const reads = {
    [ARG.src]: planner.as(x, primitive.desc('src')!),
    [ARG.diffDst]: planner.as(dy, primitive.desc('diffDst')!),
  };
  planner.execute(spec, primitive, reads, {
    [ARG.diffWeights]: planner.output(dw, primitive.desc('diffWeights')!),
    ...(dbias === undefined ? {} : { [ARG.diffBias]: planner.output(dbias, spec.bias!) }),
  });
}

/** Convolutions and their gradients; both gradients toward parameters are one primitive. */
export const convLowerings: Lowerings<
  'conv2d' | 'conv2dFused' | 'conv2dInputGrad' | 'conv2dWeightGrad' | 'conv2dParameterGrad'
> = {
  conv2d: (planner, { attributes, inputs, outputs }) => {
    const operands = operandsOf(planner, inputs, inputs.length > 2, outputs[0]!);
    const forward = prepareForward(planner, attributes, operands, []);
    run(planner, operands, forward, planner.output(outputs[0]!, forward.primitive.desc('dst')!));
  },
  conv2dFused: (planner, { attributes: { geometry, hasBias, hasAddend, activation }, inputs, outputs }) => {
    const operands = operandsOf(planner, inputs, hasBias, outputs[0]!);
    const postOps = activation ? activationOps(activation) : [];
    if (hasAddend) {
      addOnto(planner, geometry, { operands, addend: inputs.at(-1)!, y: outputs[0]! }, postOps);
      return;
    }
    const forward = prepareForward(planner, geometry, operands, postOps);
    run(planner, operands, forward, planner.output(outputs[0]!, forward.primitive.desc('dst')!));
  },
  conv2dInputGrad: (planner, { attributes, inputs, outputs }) => {
    const [dy, weight] = inputs as [ValueId, ValueId];
    const shapes = { x: attributes.inputShape, weight: planner.shapeOf(weight), y: planner.shapeOf(dy) };
    const spec = convSpec(planner, 'inputGradient', attributes, shapes, false);
    const primitive = planner.prepare(spec);
    const reads = {
      [ARG.diffDst]: planner.as(dy, primitive.desc('diffDst')!),
      [ARG.weights]: planner.as(weight, primitive.desc('weights')!),
    };
    const dx = planner.output(outputs[0]!, primitive.desc('diffSrc')!);
    planner.execute(spec, primitive, reads, { [ARG.diffSrc]: dx });
  },
  conv2dWeightGrad: (planner, { attributes, inputs, outputs }) =>
    parameterGradient(planner, attributes, inputs, outputs),
  conv2dParameterGrad: (planner, { attributes, inputs, outputs }) =>
    parameterGradient(planner, attributes, inputs, outputs),
};
