import type { ConvGeometry } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import type { EngineNode } from '../../fusion/node.js';
import { ARG } from '../dnnl.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';
import type { ConvSpec, PostOp, Primitive } from '../primitiveSpec.js';
import { type Convolution, type LibraryWay, nameOfWay } from '../ways/way.js';
import { convSpec } from './convSpec.js';
import { onValues, winogradOperands } from './convValues.js';
import { activationOps, addThen } from './elementwise.js';
import { ownDepthwiseForward } from './ownDepthwise.js';
import { pointwiseImages } from './pointwise.js';
import { productForward } from './product/convolution.js';
import { winogradForward } from './winograd/convolution.js';

/** What a forward pass is followed by. */
export interface Ending {
  readonly bias?: ValueId | undefined;
  readonly addend?: ValueId | undefined;
  readonly activation?: EngineNode<'conv2dFused'>['attributes']['activation'];
}

/** A forward pass: its values, and all that the way to compute it depends on. */
export interface Forward extends Ending {
  readonly convolution: Convolution;
  readonly x: ValueId;
  readonly weight: ValueId;
  readonly y: ValueId;
}

/** The forward pass of a node's values. */
export function forwardOf(
  draft: Draft,
  geometry: ConvGeometry,
  [x, weight, y]: readonly [ValueId, ValueId, ValueId],
  ending: Ending,
): Forward {
  const { bias, addend, activation } = ending;
  const convolution: Convolution = {
    pass: 'training',
    geometry,
    shapes: { x: draft.shapeOf(x), weight: draft.shapeOf(weight), y: draft.shapeOf(y) },
    hasBias: bias !== undefined,
    hasAddend: addend !== undefined,
    activation: activation ? (activation.fn === 'relu' ? 'relu' : 'other') : 'none',
    ...onValues(draft, [x, weight], y, weight),
  };
  return { convolution, x, weight, y, ...ending };
}

interface Prepared {
  readonly spec: ConvSpec;
  readonly primitive: Primitive;
}

function prepare(
  draft: Draft,
  { convolution }: Forward,
  way: LibraryWay,
  postOps: readonly PostOp[],
): Prepared {
  const spec = { ...convSpec(draft, convolution, way), postOps };
  return { spec, primitive: draft.steps.prepare(spec) };
}

function run(draft: Draft, { x, weight, bias }: Forward, { spec, primitive }: Prepared, dst: Place): void {
  const reads = {
    [ARG.src]: draft.places.as(x, primitive.desc('src')!),
    [ARG.weights]: draft.places.as(weight, primitive.desc('weights')!),
    ...(bias === undefined ? {} : { [ARG.bias]: draft.places.plain(bias) }),
  };
  draft.steps.primitive({ spec, primitive, reads, writes: { [ARG.dst]: dst } });
}

/** A convolution by our own kernels, which may end with the bias, an addend and a ReLU. */
function ownForward(draft: Draft, { convolution, x, weight, y, bias, addend }: Forward): void {
  const { shapes, activation } = convolution;
  const layout = draft.layouts.images(shapes.y);
  const added = addend === undefined ? undefined : draft.places.as(addend, layout);
  const dst = added ? draft.places.outputOver(y, added) : draft.places.output(y, layout);
  const ending = {
    bias: bias === undefined ? undefined : draft.places.plain(bias),
    addend: added,
    relu: activation === 'relu',
  };
  winogradForward(draft, winogradOperands(draft, { images: x, weight, shapes }), dst, ending);
}

/** A convolution that adds to its addend's memory, where that is dense, in its layout and read for the last time. */
function addOnto(draft: Draft, forward: Forward, way: LibraryWay, activation: readonly PostOp[]): void {
  const { x, y } = forward;
  const addend = forward.addend!;
  const onto = draft.places.first(addend);
  const isSource = draft.places.first(x).buffer === onto.buffer;
  const adding = prepare(draft, forward, way, [{ kind: 'sum', scale: 1 }, ...activation]);
  const fits = adding.primitive.desc('dst')!.key === onto.desc.key;
  if (fits && !isSource && draft.places.mayOverwrite(onto)) {
    run(draft, forward, adding, draft.places.define(y, onto));
    return;
  }
  const plain = prepare(draft, forward, way, []);
  const result = draft.buffers.allocate(plain.primitive.desc('dst')!);
  run(draft, forward, plain, result);
  addThen(draft, [result, draft.places.as(addend, result.desc)], y, activation);
}

/** Adds the steps of a forward pass to a plan. */
export function lowerForward(draft: Draft, forward: Forward): void {
  const { convolution, y, activation } = forward;
  const way = draft.ways.choose(convolution);
  const postOps = activation ? activationOps(activation) : [];
  if (way.kind === 'ownWinograd') ownForward(draft, forward);
  else if (way.kind === 'ownDepthwise') ownDepthwiseForward(draft, convolution, forward);
  else if (way.kind === 'ownPointwise')
    pointwiseImages(draft, convolution, {
      images: forward.x,
      weight: forward.weight,
      bias: forward.bias,
      result: y,
    });
  else if (way.kind === 'product') productForward(draft, forward, way, postOps);
  else if (way.kind !== 'library') throw new Error(`${nameOfWay(way)} is for weight gradients`);
  else if (forward.addend !== undefined) addOnto(draft, forward, way, postOps);
  else {
    const prepared = prepare(draft, forward, way, postOps);
    run(draft, forward, prepared, draft.places.output(y, prepared.primitive.desc('dst')!));
  }
}
