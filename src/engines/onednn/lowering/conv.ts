import type { ConvGeometry } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import { ARG } from '../dnnl.js';
import type { MemoryDesc } from '../memoryDesc.js';
import type { Place } from '../plan/place.js';
import type { Planner } from '../plan/planner.js';
import type { ConvSpec, PostOp, Primitive } from '../primitiveSpec.js';
import type { ConvShapes } from './convShapes.js';
import { convSpec } from './convSpec.js';
import { isWideDepthwise, wideDepthwiseGradient } from './depthwise.js';
import { activationOps, binary } from './elementwise.js';
import type { Lowerings } from './lowering.js';
import {
  isOwnWinograd,
  winogradForward,
  winogradInputGradient,
  winogradWeightGradient,
} from './winograd/convolution.js';

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

/** A convolution by our own kernels, which may end with the bias, an addend and a ReLU. */
function ownForward(
  planner: Planner,
  { x, weight, bias, shapes }: Operands,
  y: ValueId,
  { addend, relu }: { readonly addend?: ValueId; readonly relu?: boolean } = {},
): void {
  const layout = planner.images(shapes.y);
  const added = addend === undefined ? undefined : planner.as(addend, layout);
  const operands = {
    images: planner.as(x, planner.images(shapes.x)),
    weight: (desc: MemoryDesc) => planner.as(weight, desc),
    shapes,
  };
  const dst = added ? planner.outputOver(y, added) : planner.output(y, layout);
  const ending = { bias: bias === undefined ? undefined : planner.plain(bias), addend: added, relu };
  winogradForward(planner, operands, dst, ending);
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
  if (dbias === undefined && isOwnWinograd(planner, geometry, shapes)) {
    const [gradient, images] = [
      planner.as(dy, planner.images(shapes.y)),
      planner.as(x, planner.images(shapes.x)),
    ];
    planner.define(dw, winogradWeightGradient(planner, { images, gradient, shapes }));
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
    if (isOwnWinograd(planner, attributes, operands.shapes)) {
      ownForward(planner, operands, outputs[0]!);
      return;
    }
    const forward = prepareForward(planner, attributes, operands, []);
    run(planner, operands, forward, planner.output(outputs[0]!, forward.primitive.desc('dst')!));
  },
  conv2dFused: (planner, { attributes: { geometry, hasBias, hasAddend, activation }, inputs, outputs }) => {
    const operands = operandsOf(planner, inputs, hasBias, outputs[0]!);
    const relu = activation?.fn === 'relu';
    if ((relu || !activation) && isOwnWinograd(planner, geometry, operands.shapes)) {
      ownForward(planner, operands, outputs[0]!, { ...(hasAddend && { addend: inputs.at(-1)! }), relu });
      return;
    }
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
    if (isOwnWinograd(planner, attributes, shapes)) {
      const operands = {
        images: planner.as(dy, planner.images(shapes.y)),
        weight: (desc: MemoryDesc) => planner.as(weight, desc),
        shapes,
      };
      winogradInputGradient(planner, operands, planner.output(outputs[0]!, planner.images(shapes.x)));
      return;
    }
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
