import type { ValueId } from '../../../graph/program.js';
import { ARG } from '../dnnl.js';
import { type ChannelStatistics, compileStatistics } from '../kernels/channelStatistics.js';
import { BLOCK, DISPLACEMENTS_END, VECTOR } from '../kernels/kernel.js';
import type { Place } from '../plan/place.js';
import type { Planner, PrimitiveArguments } from '../plan/planner.js';
import type { BatchNormSpec } from '../primitiveSpec.js';
import type { Lowerings } from './lowering.js';

interface Forward {
  readonly planner: Planner;
  readonly inputs: readonly ValueId[];
  readonly outputs: readonly ValueId[];
  readonly epsilon: number;
  readonly relu: boolean;
}

/** A value in blocks, whose code sums in several accumulators: row-major, it loses a digit on data far from zero. */
function images(planner: Planner, value: ValueId): Place {
  const place = planner.first(value);
  return place.desc.strides ? planner.as(value, planner.images(planner.shapeOf(value))) : place;
}

/**
 * Mean and variance by our own kernel, where the library's code is AVX2's: that adds up a channel in one sum,
 * which loses two digits over a batch, and reads the images once more.
 */
function ownStatistics(
  planner: Planner,
  data: Place,
  mean: ValueId,
  variance: ValueId,
): PrimitiveArguments | undefined {
  const { desc } = data;
  const [images, channels, height, width] = desc.shape as [number, number, number, number];
  const fits = planner.usesKernels && desc.key === planner.images(desc.shape).key;
  const blocks = Math.ceil(channels / BLOCK);
  if (!fits || blocks * height * width * VECTOR >= DISPLACEMENTS_END) return undefined;
  const both = planner.allocate(planner.rowMajor([2, blocks * BLOCK]));
  const source: ChannelStatistics = { images, blocks, pixels: height * width };
  planner.kernel({ name: 'mean and variance', source, compile: compileStatistics }, { src: data, dst: both });
  const layout = planner.rowMajor([channels]);
  return {
    [ARG.mean]: planner.define(mean, { ...both, desc: layout }),
    [ARG.variance]: planner.define(variance, { ...both, desc: layout, offset: blocks * VECTOR }),
  };
}

function forward({ planner, inputs, outputs, epsilon, relu }: Forward): void {
  const [x, gamma, beta] = inputs as [ValueId, ValueId, ValueId];
  const [y, mean, variance] = outputs as [ValueId, ValueId, ValueId];
  const data = images(planner, x);
  const given = ownStatistics(planner, data, mean, variance);
  const shared = { kind: 'batchNorm', pass: 'training', data: data.desc, epsilon, relu } as const;
  const spec: BatchNormSpec = { ...shared, givenStatistics: given !== undefined };
  const primitive = planner.prepare(spec);
  const workspace = primitive.desc('workspace');
  const kept = workspace && planner.allocate(workspace);
  if (kept) planner.keepWorkspace(mean, kept);
  const reads = {
    [ARG.src]: data,
    [ARG.scale]: planner.plain(gamma),
    [ARG.shift]: planner.plain(beta),
    ...given,
  };
  const computed = given
    ? {}
    : {
        [ARG.mean]: planner.output(mean, planner.rowMajor(planner.shapeOf(mean))),
        [ARG.variance]: planner.output(variance, planner.rowMajor(planner.shapeOf(variance))),
      };
  planner.execute(spec, primitive, reads, {
    [ARG.dst]: planner.outputOver(y, data),
    ...computed,
    ...(kept ? { [ARG.workspace]: kept } : {}),
  });
}

/** Where the primitive asks for the shift, the scale stands in. */
function gradient({ planner, inputs, outputs, epsilon, relu }: Forward): void {
  const [dy, x, gamma, mean, variance] = inputs as [ValueId, ValueId, ValueId, ValueId, ValueId];
  const [dx, dgamma, dbeta] = outputs as [ValueId, ValueId, ValueId];
  const data = images(planner, x);
  const shared = { kind: 'batchNorm', data: data.desc, epsilon, relu } as const;
  const hint = planner.prepare({ ...shared, pass: 'training' });
  const spec: BatchNormSpec = { ...shared, pass: 'gradient', diff: data.desc, forward: hint };
  const primitive = planner.prepare(spec);
  const workspace: Place | undefined = relu ? planner.workspaceOf(mean) : undefined;
  const diff = planner.as(dy, data.desc);
  const channels = planner.rowMajor(planner.shapeOf(gamma));
  const reads = {
    [ARG.src]: data,
    [ARG.diffDst]: diff,
    [ARG.mean]: planner.plain(mean),
    [ARG.variance]: planner.plain(variance),
    [ARG.scale]: planner.plain(gamma),
    ...(planner.dnnl.traits.shiftInGradient ? { [ARG.shift]: planner.plain(gamma) } : {}),
    ...(workspace ? { [ARG.workspace]: workspace } : {}),
  };
  planner.execute(spec, primitive, reads, {
    [ARG.diffSrc]: planner.outputOver(dx, diff),
    [ARG.diffScale]: planner.output(dgamma, channels),
    [ARG.diffShift]: planner.output(dbeta, channels),
  });
}

function inference({ planner, inputs, outputs, epsilon, relu }: Forward): void {
  const [x, gamma, beta, mean, variance] = inputs as [ValueId, ValueId, ValueId, ValueId, ValueId];
  const data = images(planner, x);
  const spec: BatchNormSpec = { kind: 'batchNorm', pass: 'inference', data: data.desc, epsilon, relu };
  const reads = {
    [ARG.src]: data,
    [ARG.mean]: planner.plain(mean),
    [ARG.variance]: planner.plain(variance),
    [ARG.scale]: planner.plain(gamma),
    [ARG.shift]: planner.plain(beta),
  };
  const dst = planner.outputOver(outputs[0]!, data);
  planner.execute(spec, planner.prepare(spec), reads, { [ARG.dst]: dst });
}

/** Batch normalisation; statistics and parameters are f32 whatever the data is. */
export const batchNormLowerings: Lowerings<
  | 'batchNormTrain'
  | 'batchNormRelu'
  | 'batchNormTrainGrad'
  | 'batchNormReluGrad'
  | 'batchNormInference'
  | 'batchNormInferenceRelu'
> = {
  batchNormTrain: (planner, { attributes: { epsilon }, ...node }) =>
    forward({ planner, ...node, epsilon, relu: false }),
  batchNormRelu: (planner, { attributes: { epsilon }, ...node }) =>
    forward({ planner, ...node, epsilon, relu: true }),
  batchNormTrainGrad: (planner, { attributes: { epsilon }, ...node }) =>
    gradient({ planner, ...node, epsilon, relu: false }),
  batchNormReluGrad: (planner, { attributes: { epsilon }, ...node }) =>
    gradient({ planner, ...node, epsilon, relu: true }),
  batchNormInference: (planner, { attributes: { epsilon }, ...node }) =>
    inference({ planner, ...node, epsilon, relu: false }),
  batchNormInferenceRelu: (planner, { attributes: { epsilon }, ...node }) =>
    inference({ planner, ...node, epsilon, relu: true }),
};
