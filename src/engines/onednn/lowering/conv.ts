import type { ConvGeometry } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import type { EngineNode } from '../../fusion/node.js';
import { ARG } from '../dnnl.js';
import type { MemoryDesc } from '../memoryDesc.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';
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
  readonly geometry: ConvGeometry;
  readonly x: ValueId;
  readonly weight: ValueId;
  readonly bias: ValueId | undefined;
  readonly shapes: ConvShapes;
}

function operandsOf(
  draft: Draft,
  geometry: ConvGeometry,
  { inputs, outputs }: Pick<EngineNode, 'inputs' | 'outputs'>,
  hasBias: boolean,
): Operands {
  const [x, weight] = inputs as [ValueId, ValueId];
  const shapes = { x: draft.shapeOf(x), weight: draft.shapeOf(weight), y: draft.shapeOf(outputs[0]!) };
  return { geometry, x, weight, bias: hasBias ? inputs[2] : undefined, shapes };
}

interface Forward {
  readonly spec: ConvSpec;
  readonly primitive: Primitive;
}

function prepareForward(
  draft: Draft,
  { geometry, shapes, bias }: Operands,
  postOps: readonly PostOp[] = [],
): Forward {
  const convolution = { pass: 'training', geometry, shapes, hasBias: bias !== undefined } as const;
  const spec = { ...convSpec(draft, convolution), postOps };
  return { spec, primitive: draft.steps.prepare(spec) };
}

function run(draft: Draft, { x, weight, bias }: Operands, { spec, primitive }: Forward, dst: Place): void {
  const reads = {
    [ARG.src]: draft.places.as(x, primitive.desc('src')!),
    [ARG.weights]: draft.places.as(weight, primitive.desc('weights')!),
    ...(bias === undefined ? {} : { [ARG.bias]: draft.places.plain(bias) }),
  };
  draft.steps.primitive({ spec, primitive, reads, writes: { [ARG.dst]: dst } });
}

/** A convolution by our own kernels, which may end with the bias, an addend and a ReLU. */
function ownForward(
  draft: Draft,
  { x, weight, bias, shapes }: Operands,
  y: ValueId,
  { addend, relu }: { readonly addend?: ValueId; readonly relu?: boolean } = {},
): void {
  const layout = draft.layouts.images(shapes.y);
  const added = addend === undefined ? undefined : draft.places.as(addend, layout);
  const operands = {
    images: draft.places.as(x, draft.layouts.images(shapes.x)),
    weight: (desc: MemoryDesc) => draft.places.as(weight, desc),
    shapes,
  };
  const dst = added ? draft.places.outputOver(y, added) : draft.places.output(y, layout);
  const ending = { bias: bias === undefined ? undefined : draft.places.plain(bias), addend: added, relu };
  winogradForward(draft, operands, dst, ending);
}

interface Addition {
  readonly addend: ValueId;
  readonly y: ValueId;
  readonly activation: readonly PostOp[];
}

/** A convolution that adds to its addend's memory, where that is dense, in its layout and read for the last time. */
function addOnto(draft: Draft, operands: Operands, { addend, y, activation }: Addition): void {
  const onto = draft.places.first(addend);
  const isSource = draft.places.first(operands.x).buffer === onto.buffer;
  const adding = prepareForward(draft, operands, [{ kind: 'sum', scale: 1 }, ...activation]);
  const fits = adding.primitive.desc('dst')!.key === onto.desc.key;
  if (fits && !isSource && draft.places.mayOverwrite(onto)) {
    run(draft, operands, adding, draft.places.define(y, onto));
    return;
  }
  const plain = prepareForward(draft, operands);
  const result = draft.buffers.allocate(plain.primitive.desc('dst')!);
  run(draft, operands, plain, result);
  binary(draft, 'add', [result, draft.places.as(addend, result.desc)], y, activation);
}

function parameterGradient(
  draft: Draft,
  geometry: ConvGeometry,
  { inputs, outputs }: Pick<EngineNode, 'inputs' | 'outputs'>,
): void {
  const [dy, x] = inputs as [ValueId, ValueId];
  const [dw, dbias] = outputs as [ValueId, ValueId?];
  const shapes = { x: draft.shapeOf(x), weight: draft.shapeOf(dw), y: draft.shapeOf(dy) };
  if (dbias === undefined && isWideDepthwise(draft, geometry, shapes)) {
    wideDepthwiseGradient(draft, geometry, { dy, x, dw });
    return;
  }
  if (dbias === undefined && isOwnWinograd(draft, geometry, shapes)) {
    const [gradient, images] = [
      draft.places.as(dy, draft.layouts.images(shapes.y)),
      draft.places.as(x, draft.layouts.images(shapes.x)),
    ];
    draft.places.define(dw, winogradWeightGradient(draft, { images, gradient, shapes }));
    return;
  }
  const spec = convSpec(draft, { pass: 'weightGradient', geometry, shapes, hasBias: dbias !== undefined });
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

/** Convolutions and their gradients; both gradients toward parameters are one primitive. */
export const convLowerings: Lowerings<
  'conv2d' | 'conv2dFused' | 'conv2dInputGrad' | 'conv2dWeightGrad' | 'conv2dParameterGrad'
> = {
  conv2d: (draft, { attributes, inputs, outputs }) => {
    const operands = operandsOf(draft, attributes, { inputs, outputs }, inputs.length > 2);
    if (isOwnWinograd(draft, attributes, operands.shapes)) {
      ownForward(draft, operands, outputs[0]!);
      return;
    }
    const forward = prepareForward(draft, operands);
    run(draft, operands, forward, draft.places.output(outputs[0]!, forward.primitive.desc('dst')!));
  },
  conv2dFused: (draft, { attributes: { geometry, hasBias, hasAddend, activation }, inputs, outputs }) => {
    const operands = operandsOf(draft, geometry, { inputs, outputs }, hasBias);
    const relu = activation?.fn === 'relu';
    if ((relu || !activation) && isOwnWinograd(draft, geometry, operands.shapes)) {
      ownForward(draft, operands, outputs[0]!, { ...(hasAddend && { addend: inputs.at(-1)! }), relu });
      return;
    }
    const postOps = activation ? activationOps(activation) : [];
    if (hasAddend) {
      addOnto(draft, operands, { addend: inputs.at(-1)!, y: outputs[0]!, activation: postOps });
      return;
    }
    const forward = prepareForward(draft, operands, postOps);
    run(draft, operands, forward, draft.places.output(outputs[0]!, forward.primitive.desc('dst')!));
  },
  conv2dInputGrad: (draft, { attributes, inputs, outputs }) => {
    const [dy, weight] = inputs as [ValueId, ValueId];
    const shapes = { x: attributes.inputShape, weight: draft.shapeOf(weight), y: draft.shapeOf(dy) };
    if (isOwnWinograd(draft, attributes, shapes)) {
      const operands = {
        images: draft.places.as(dy, draft.layouts.images(shapes.y)),
        weight: (desc: MemoryDesc) => draft.places.as(weight, desc),
        shapes,
      };
      winogradInputGradient(
        draft,
        operands,
        draft.places.output(outputs[0]!, draft.layouts.images(shapes.x)),
      );
      return;
    }
    const spec = convSpec(draft, { pass: 'inputGradient', geometry: attributes, shapes });
    const primitive = draft.steps.prepare(spec);
    const reads = {
      [ARG.diffDst]: draft.places.as(dy, primitive.desc('diffDst')!),
      [ARG.weights]: draft.places.as(weight, primitive.desc('weights')!),
    };
    const dx = draft.places.output(outputs[0]!, primitive.desc('diffSrc')!);
    draft.steps.primitive({ spec, primitive, reads, writes: { [ARG.diffSrc]: dx } });
  },
  conv2dWeightGrad: (draft, { attributes, inputs, outputs }) =>
    parameterGradient(draft, attributes, { inputs, outputs }),
  conv2dParameterGrad: (draft, { attributes, inputs, outputs }) =>
    parameterGradient(draft, attributes, { inputs, outputs }),
};
