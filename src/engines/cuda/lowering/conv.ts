import { UserError } from '../../../errors.js';
import type { ConvGeometry } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import { type Shape, sizeOf } from '../../../graph/tensorType.js';
import type { EngineNode } from '../../fusion/node.js';
import { type Expression, elementwise, fromStored, moved } from '../codegen/expression.js';
import { isNative, type Stored } from '../codegen/stored.js';
import type { Epilogue } from '../device.js';
import type { Draft } from '../plan/draft.js';
import { bytesMoved, describeTensors } from '../plan/traffic.js';
import {
  denseStrides,
  FEWEST_CHANNELS,
  filterOf,
  imageOf,
  needsChannels,
  operandsOf,
  operandType,
  withChannels,
} from './convOperands.js';
import { depthwiseForward, depthwiseInputGrad, depthwiseWeightGrad, isDepthwise } from './depthwise.js';
import { unaryText } from './functions.js';
import type { Lowerings } from './lowering.js';
import { addFilterProduct, addImageProduct, isOwnConvolution } from './ownProduct.js';

interface Roles {
  readonly kind: 'forward' | 'inputGrad' | 'weightGrad';
  readonly image: Stored;
  readonly filter: Stored;
  readonly result: Stored;
  readonly bias?: Stored | undefined;
  readonly addend?: Stored | undefined;
}

/** Adds a convolution of the library's; false if it has no algorithm for it. */
function addConvolution(draft: Draft, roles: Roles, geometry: ConvGeometry, epilogue?: Epilogue): boolean {
  const { kind, image, filter, result, bias, addend } = roles;
  const prepared = draft.device.convolution({
    kind,
    image,
    filter,
    result,
    geometry,
    arithmetic: draft.arithmetic,
    epilogue,
  });
  if (!prepared) return false;
  const workspace = draft.workspace(prepared.workspaceBytes);
  const target = { forward: result, inputGrad: image, weightGrad: filter }[kind];
  const given = [image, filter, result, bias, addend].filter((each) => each !== undefined);
  const read = given.filter((each) => each !== target);
  draft.add({
    kind: 'convolution',
    detail: describeTensors(read, [target]),
    flops: 2 * sizeOf(result.shape) * sizeOf(filter.shape.slice(1)),
    bytes: bytesMoved(read) + bytesMoved([target]),
    reads: read.map(({ buffer }) => buffer),
    writes: [target.buffer, ...(workspace ? [workspace] : [])],
    prepared,
    image,
    filter,
    result,
    bias,
    addend,
    workspace,
  });
  return true;
}

/** Adds a convolution of the library's. */
function requireConvolution(draft: Draft, roles: Roles, geometry: ConvGeometry): void {
  if (addConvolution(draft, roles, geometry)) return;
  const tensors = describeTensors([roles.image, roles.filter], [roles.result]);
  throw new UserError(`cuDNN has no algorithm on this GPU for a convolution of ${tensors}`);
}

/** A convolution without its bias; written where the value `place` belongs, if it is one. */
function forward(
  draft: Draft,
  inputs: readonly ValueId[],
  { shape, geometry, place }: { shape: Shape; geometry: ConvGeometry; place?: ValueId | undefined },
): Stored {
  const [x, weight] = inputs as [ValueId, ValueId];
  if (isDepthwise(draft.shapeOf(x), draft.shapeOf(weight), geometry)) {
    const result = draft.space(shape, operandType(draft), place);
    depthwiseForward(draft, { x, weight }, { geometry, result });
    return result;
  }
  const operands = operandsOf(draft, x, weight, geometry);
  const result = draft.space(shape, operandType(draft), place);
  const roles: Roles = { kind: 'forward', ...operands, result };
  if (isNative(result)) requireConvolution(draft, roles, geometry);
  else if (!addConvolution(draft, roles, geometry)) {
    // No algorithm writes to a part of a tensor: the result is copied there.
    const packed = draft.buffers.tensor(shape, operandType(draft));
    requireConvolution(draft, { ...roles, result: packed }, geometry);
    draft.store([{ expression: fromStored(packed), target: result }]);
  }
  return result;
}

/** A bias [O] under an image [N,O,H,W]. */
function perChannel(bias: Expression, shape: Shape): Expression {
  return moved([bias], shape, (at, index) => bias.load(at, [index[1]!]));
}

function fused(draft: Draft, { attributes, inputs, outputs }: EngineNode<'conv2dFused'>): void {
  const { geometry, hasBias, hasAddend, activation } = attributes;
  const value = outputs[0]!;
  const rest = inputs.slice(2);
  const bias = hasBias ? rest.shift() : undefined;
  const addend = hasAddend ? rest.shift() : undefined;
  if (withEpilogue(draft, { node: { attributes, inputs, outputs }, bias, addend })) return;
  const shape = draft.shapeOf(value);
  const operands = [fromStored(forward(draft, inputs, { shape, geometry }))];
  if (bias !== undefined) operands.push(perChannel(draft.expression(bias), shape));
  if (addend !== undefined) operands.push(draft.expression(addend));
  const sum = (...texts: string[]): string => texts.join(' + ');
  const total = elementwise(shape, operands, sum);
  draft.define(value, activation ? elementwise(shape, [total], (x) => unaryText(activation, x!)) : total);
}

interface FusedParts {
  readonly node: Pick<EngineNode<'conv2dFused'>, 'attributes' | 'inputs' | 'outputs'>;
  readonly bias: ValueId | undefined;
  readonly addend: ValueId | undefined;
}

/** Whether the library computed a convolution with everything after it. */
function withEpilogue(draft: Draft, { node, bias, addend }: FusedParts): boolean {
  const { geometry, activation } = node.attributes;
  const [x, weight] = node.inputs as [ValueId, ValueId];
  const value = node.outputs[0]!;
  const shape = draft.shapeOf(value);
  if (isDepthwise(draft.shapeOf(x), draft.shapeOf(weight), geometry)) return false;
  const epilogue: Epilogue = { bias: bias !== undefined, addend: addend !== undefined, activation };
  const result = draft.buffers.tensor(shape, operandType(draft));
  const roles: Roles = {
    kind: 'forward',
    ...operandsOf(draft, x, weight, geometry),
    result: { ...result, strides: denseStrides(shape) },
    bias: bias === undefined ? undefined : draft.storedAs(bias, 'f32'),
    // It is read with the result's strides.
    addend: addend === undefined ? undefined : draft.storedAs(addend, operandType(draft)),
  };
  if (!addConvolution(draft, roles, geometry, epilogue)) return false;
  draft.place(value, result);
  return true;
}

function weightGrad(draft: Draft, { attributes, inputs, outputs }: EngineNode<'conv2dWeightGrad'>): void {
  const [dy, x] = inputs as [ValueId, ValueId];
  const value = outputs[0]!;
  const shape = attributes.weightShape;
  if (isOwnConvolution(draft.shapeOf(x), shape, attributes, draft)) {
    addFilterProduct(draft, dy, x, value);
    return;
  }
  if (isDepthwise(draft.shapeOf(x), shape, attributes)) {
    depthwiseWeightGrad(draft, { dy, x, value, geometry: attributes });
    return;
  }
  const hasMore = needsChannels(draft, draft.shapeOf(x), attributes);
  const whole = hasMore ? shape.map((size, axis) => (axis === 1 ? FEWEST_CHANNELS : size)) : shape;
  const filter = draft.buffers.tensor(whole, operandType(draft), { strides: denseStrides(whole) });
  const image = hasMore ? withChannels(draft, x) : imageOf(draft, x);
  requireConvolution(draft, { kind: 'weightGrad', image, filter, result: imageOf(draft, dy) }, attributes);
  draft.place(value, { ...filter, shape });
}

/** Convolutions: cuDNN's, or kernels of our own where every channel has a filter of its own. */
export const convLowerings: Lowerings<'conv2d' | 'conv2dFused' | 'conv2dInputGrad' | 'conv2dWeightGrad'> = {
  conv2d: (draft, { attributes, inputs, outputs }) => {
    const value = outputs[0]!;
    const shape = draft.shapeOf(value);
    const [image, filter, bias] = inputs as [ValueId, ValueId, ValueId?];
    if (isOwnConvolution(draft.shapeOf(image), draft.shapeOf(filter), attributes, draft)) {
      const result = draft.space(shape, operandType(draft), value);
      addImageProduct(draft, { image, filter, bias, isTransposed: false }, result);
      return draft.place(value, result);
    }
    if (isDepthwise(draft.shapeOf(image), draft.shapeOf(filter), attributes)) {
      const result = draft.space(shape, operandType(draft), value);
      depthwiseForward(draft, { x: image, weight: filter, bias }, { geometry: attributes, result });
      return draft.place(value, result);
    }
    const place = bias === undefined ? value : undefined;
    const conv = forward(draft, inputs, { shape, geometry: attributes, place });
    if (bias === undefined) return void draft.place(value, conv);
    const operands = [fromStored(conv), perChannel(draft.expression(bias), shape)];
    draft.define(
      value,
      elementwise(shape, operands, (x, b) => `${x} + ${b}`),
    );
  },
  conv2dFused: fused,
  conv2dInputGrad: (draft, { attributes, inputs, outputs }) => {
    const [dy, weight] = inputs as [ValueId, ValueId];
    const value = outputs[0]!;
    const shape = attributes.inputShape;
    if (isOwnConvolution(shape, draft.shapeOf(weight), attributes, draft)) {
      const result = draft.output(value, operandType(draft));
      return addImageProduct(draft, { image: dy, filter: weight, isTransposed: true }, result);
    }
    if (isDepthwise(shape, draft.shapeOf(weight), attributes)) {
      const result = draft.space(shape, draft.storageOf(value), value);
      depthwiseInputGrad(draft, dy, weight, { geometry: attributes, result });
      return draft.place(value, result);
    }
    const image = { ...draft.output(value, operandType(draft)), strides: denseStrides(shape) };
    const [filter, result] = [filterOf(draft, weight), imageOf(draft, dy)];
    requireConvolution(draft, { kind: 'inputGrad', image, filter, result }, attributes);
  },
  conv2dWeightGrad: weightGrad,
};
