import type { ValueId } from '../../../graph/program.js';
import { ARG } from '../dnnl.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';
import type { BatchNormSpec, BinarySpec } from '../primitiveSpec.js';
import type { Lowerings } from './lowering.js';
import { ownForward, ownGradient, ownImages, ownTable } from './ownBatchNorm.js';

interface Forward {
  readonly draft: Draft;
  readonly inputs: readonly ValueId[];
  readonly outputs: readonly ValueId[];
  readonly epsilon: number;
  readonly relu: boolean;
}

/** A value in blocks, whose code sums in several accumulators: row-major, it loses a digit on data far from zero. */
function images(draft: Draft, value: ValueId): Place {
  const place = draft.places.first(value);
  return place.desc.strides ? draft.places.as(value, draft.layouts.images(draft.shapeOf(value))) : place;
}

function forward({ draft, inputs, outputs, epsilon, relu }: Forward): void {
  const [x, gamma, beta] = inputs as [ValueId, ValueId, ValueId];
  const [y, mean, variance] = outputs as [ValueId, ValueId, ValueId];
  const data = images(draft, x);
  const own = ownImages(draft, data);
  if (own) {
    ownForward(draft, { images: own, data, gamma, beta, epsilon, relu, y, mean, variance });
    return;
  }
  const spec: BatchNormSpec = { kind: 'batchNorm', pass: 'training', data: data.desc, epsilon, relu };
  const primitive = draft.steps.prepare(spec);
  const workspace = primitive.desc('workspace');
  const kept = workspace && draft.buffers.allocate(workspace);
  if (kept) draft.places.keepAside(mean, kept);
  const reads = {
    [ARG.src]: data,
    [ARG.scale]: draft.places.plain(gamma),
    [ARG.shift]: draft.places.plain(beta),
  };
  const writes = {
    [ARG.dst]: draft.places.outputOver(y, data),
    [ARG.mean]: draft.places.output(mean, draft.layouts.rowMajor(draft.shapeOf(mean))),
    [ARG.variance]: draft.places.output(variance, draft.layouts.rowMajor(draft.shapeOf(variance))),
    ...(kept ? { [ARG.workspace]: kept } : {}),
  };
  draft.steps.primitive({ spec, primitive, reads, writes });
}

/** A gradient, to which an addend may be added. */
interface Gradient extends Forward {
  readonly addend?: ValueId | undefined;
}

function gradient({ draft, inputs, outputs, epsilon, relu, addend }: Gradient): void {
  const [dy, x, gamma, mean] = inputs as [ValueId, ValueId, ValueId, ValueId];
  const [dx, dgamma, dbeta] = outputs as [ValueId, ValueId, ValueId];
  const data = images(draft, x);
  const own = ownImages(draft, data);
  const table = ownTable(draft, mean, gamma);
  if (own && table) ownGradient(draft, { images: own, data, dy, table, relu, addend, dx, dgamma, dbeta });
  else libraryGradient({ draft, inputs, outputs, epsilon, relu, addend }, data);
}

/** Where the primitive requires a shift, the scale is passed instead: its value is not used. */
function libraryGradient({ draft, inputs, outputs, epsilon, relu, addend }: Gradient, data: Place): void {
  const [dy, , gamma, mean, variance] = inputs as [ValueId, ValueId, ValueId, ValueId, ValueId];
  const [dx, dgamma, dbeta] = outputs as [ValueId, ValueId, ValueId];
  const workspace: Place | undefined = relu ? draft.places.asideOf(mean) : undefined;
  if (relu && !workspace) throw new Error('no forward pass kept where its ReLU was 0');
  const shared = { kind: 'batchNorm', data: data.desc, epsilon, relu } as const;
  const hint = draft.steps.prepare({ ...shared, pass: 'training' });
  const spec: BatchNormSpec = { ...shared, pass: 'gradient', diff: data.desc, forward: hint };
  const primitive = draft.steps.prepare(spec);
  const diff = draft.places.as(dy, data.desc);
  const channels = draft.layouts.rowMajor(draft.shapeOf(gamma));
  const reads = {
    [ARG.src]: data,
    [ARG.diffDst]: diff,
    [ARG.mean]: draft.places.plain(mean),
    [ARG.variance]: draft.places.plain(variance),
    [ARG.scale]: draft.places.plain(gamma),
    ...(draft.dnnl.traits.shiftInGradient ? { [ARG.shift]: draft.places.plain(gamma) } : {}),
    ...(workspace ? { [ARG.workspace]: workspace } : {}),
  };
  const added = addend === undefined ? undefined : draft.places.as(addend, data.desc);
  // The addend is read after the gradient is written.
  const isTaken = added?.buffer === diff.buffer;
  const dst = isTaken ? draft.places.output(dx, data.desc) : draft.places.outputOver(dx, diff);
  const writes = {
    [ARG.diffSrc]: dst,
    [ARG.diffScale]: draft.places.output(dgamma, channels),
    [ARG.diffShift]: draft.places.output(dbeta, channels),
  };
  draft.steps.primitive({ spec, primitive, reads, writes });
  if (added) addOnto(draft, dst, added);
}

/** dst += addend, of one layout. */
function addOnto({ steps }: Draft, dst: Place, addend: Place): void {
  const spec: BinarySpec = { kind: 'binary', fn: 'add', a: dst.desc, b: addend.desc, dst: dst.desc };
  steps.primitive({ spec, reads: { [ARG.src]: dst, [ARG.src1]: addend }, writes: { [ARG.dst]: dst } });
}

function inference({ draft, inputs, outputs, epsilon, relu }: Forward): void {
  const [x, gamma, beta, mean, variance] = inputs as [ValueId, ValueId, ValueId, ValueId, ValueId];
  const data = images(draft, x);
  const spec: BatchNormSpec = { kind: 'batchNorm', pass: 'inference', data: data.desc, epsilon, relu };
  const reads = {
    [ARG.src]: data,
    [ARG.mean]: draft.places.plain(mean),
    [ARG.variance]: draft.places.plain(variance),
    [ARG.scale]: draft.places.plain(gamma),
    [ARG.shift]: draft.places.plain(beta),
  };
  const dst = draft.places.outputOver(outputs[0]!, data);
  draft.steps.primitive({ spec, reads, writes: { [ARG.dst]: dst } });
}

/** Batch normalisation; statistics and parameters are f32 whatever the data is. */
export const batchNormLowerings: Lowerings<
  | 'batchNormTrain'
  | 'batchNormRelu'
  | 'batchNormTrainGrad'
  | 'batchNormReluGrad'
  | 'batchNormGradAdd'
  | 'batchNormInference'
  | 'batchNormInferenceRelu'
> = {
  batchNormTrain: (draft, { attributes: { epsilon }, ...node }) =>
    forward({ draft, ...node, epsilon, relu: false }),
  batchNormRelu: (draft, { attributes: { epsilon }, ...node }) =>
    forward({ draft, ...node, epsilon, relu: true }),
  batchNormTrainGrad: (draft, { attributes: { epsilon }, ...node }) =>
    gradient({ draft, ...node, epsilon, relu: false }),
  batchNormReluGrad: (draft, { attributes: { epsilon }, ...node }) =>
    gradient({ draft, ...node, epsilon, relu: true }),
  batchNormGradAdd: (draft, { attributes: { epsilon, relu }, inputs, outputs }) =>
    gradient({ draft, inputs, outputs, epsilon, relu, addend: inputs.at(-1) }),
  batchNormInference: (draft, { attributes: { epsilon }, ...node }) =>
    inference({ draft, ...node, epsilon, relu: false }),
  batchNormInferenceRelu: (draft, { attributes: { epsilon }, ...node }) =>
    inference({ draft, ...node, epsilon, relu: true }),
};
