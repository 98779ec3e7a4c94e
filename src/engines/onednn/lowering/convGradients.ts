import type { OpAttributes } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import type { EngineNode } from '../../fusion/node.js';
import { ARG } from '../dnnl.js';
import type { Draft } from '../plan/draft.js';
import { type Convolution, type LibraryWay, nameOfWay } from '../ways/way.js';
import { convSpec } from './convSpec.js';
import { inBlocks, onValues, winogradOperands } from './convValues.js';
import { wideDepthwiseGradient } from './depthwise.js';
import { ownDepthwiseGradients, ownDepthwiseInputGradient } from './ownDepthwise.js';
import { pointwiseImages, pointwiseWeightGradient } from './pointwise.js';
import { productInputGradient, productWeightGradient } from './product/convolution.js';
import { winogradInputGradient, winogradWeightGradient } from './winograd/convolution.js';

/** Adds the steps of the gradient toward a convolution's images to a plan. */
export function inputGradient(
  draft: Draft,
  { inputShape, ...geometry }: OpAttributes['conv2dInputGrad'],
  [dy, weight, dx]: readonly [ValueId, ValueId, ValueId],
): void {
  const shapes = { x: inputShape, weight: draft.shapeOf(weight), y: draft.shapeOf(dy) };
  const convolution: Convolution = {
    pass: 'inputGradient',
    geometry,
    shapes,
    hasBias: false,
    hasAddend: false,
    activation: 'none',
    ...onValues(draft, [dy, weight], dx, weight),
  };
  const way = draft.ways.choose(convolution);
  if (way.kind === 'ownWinograd') {
    const dst = draft.places.output(dx, draft.layouts.images(shapes.x));
    winogradInputGradient(draft, winogradOperands(draft, { images: dy, weight, shapes }), dst);
  } else if (way.kind === 'ownDepthwise') ownDepthwiseInputGradient(draft, convolution, { dy, weight, dx });
  else if (way.kind === 'ownPointwise')
    pointwiseImages(draft, convolution, { images: dy, weight, result: dx });
  else if (way.kind === 'product') productInputGradient(draft, { convolution, dy, weight, dx }, way);
  else if (way.kind !== 'library') throw new Error(`${nameOfWay(way)} is for weight gradients`);
  else {
    const spec = convSpec(draft, convolution, way);
    const primitive = draft.steps.prepare(spec);
    const reads = {
      [ARG.diffDst]: draft.places.as(dy, primitive.desc('diffDst')!),
      [ARG.weights]: draft.places.as(weight, primitive.desc('weights')!),
    };
    const writes = { [ARG.diffSrc]: draft.places.output(dx, primitive.desc('diffSrc')!) };
    draft.steps.primitive({ spec, primitive, reads, writes });
  }
}

/** A weight gradient's values. */
interface ParameterValues {
  readonly dy: ValueId;
  readonly x: ValueId;
  readonly dw: ValueId;
  readonly dbias: ValueId | undefined;
}

function libraryParameterGradient(
  draft: Draft,
  convolution: Convolution,
  { dy, x, dw, dbias }: ParameterValues,
  way: LibraryWay,
): void {
  const spec = convSpec(draft, convolution, way);
  const primitive = draft.steps.prepare(spec);
  const reads = {
    [ARG.src]: draft.places.as(x, primitive.desc('src')!),
    [ARG.diffDst]: draft.places.as(dy, primitive.desc('diffDst')!),
  };
  const writes = {
    [ARG.diffWeights]: draft.places.output(dw, primitive.desc('diffWeights')!),
    ...(dbias === undefined ? {} : { [ARG.diffBias]: draft.places.output(dbias, spec.bias!) }),
  };
  draft.steps.primitive({ spec, primitive, reads, writes });
}

/** Adds the steps of the gradients toward a convolution's weight and, where that is wanted, bias to a plan. */
export function parameterGradient(
  draft: Draft,
  { weightShape, ...geometry }: OpAttributes['conv2dWeightGrad'],
  { inputs, outputs }: Pick<EngineNode, 'inputs' | 'outputs'>,
): void {
  const [dy, x] = inputs as [ValueId, ValueId];
  const [dw, dbias] = outputs as [ValueId, ValueId?];
  const shapes = { x: draft.shapeOf(x), weight: weightShape, y: draft.shapeOf(dy) };
  const convolution: Convolution = {
    pass: 'weightGradient',
    geometry,
    shapes,
    hasBias: dbias !== undefined,
    hasAddend: false,
    activation: 'none',
    ...onValues(draft, [x, dy], dw, undefined),
  };
  const way = draft.ways.choose(convolution);
  switch (way.kind) {
    case 'depthwiseWindows':
      wideDepthwiseGradient(draft, geometry, { dy, x, dw });
      return;
    case 'ownDepthwise':
      ownDepthwiseGradients(draft, convolution, { dy, x, dw, dbias });
      return;
    case 'ownWinograd':
      draft.places.define(
        dw,
        winogradWeightGradient(draft, { images: inBlocks(draft, x), gradient: inBlocks(draft, dy), shapes }),
      );
      return;
    case 'ownPointwise':
      pointwiseWeightGradient(draft, way, { x, dy, dw, dbias });
      return;
    case 'product':
      productWeightGradient(draft, { convolution, x, dy, dw, dbias }, way);
      return;
    case 'library':
      libraryParameterGradient(draft, convolution, { dy, x, dw, dbias }, way);
  }
}
