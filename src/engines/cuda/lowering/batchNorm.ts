import type { ValueId } from '../../../graph/program.js';
import { type Shape, sizeOf } from '../../../graph/tensorType.js';
import type { EngineNode } from '../../fusion/node.js';
import { type ReductionResult, shiftedSums } from '../codegen/accumulator.js';
import type { Emitter, Operand } from '../codegen/emitter.js';
import { type Expression, elementwise, floatText, fromStored, moved } from '../codegen/expression.js';
import type { Index } from '../codegen/index.js';
import type { Stored } from '../codegen/stored.js';
import type { Draft } from '../plan/draft.js';
import type { Lowerings } from './lowering.js';

const PIXELS = [0, 2, 3];

/** A tensor [C] as an image [N,C,H,W] that repeats it. */
function overImage(channels: Expression, shape: Shape): Expression {
  return moved([channels], shape, (at, index) => channels.load(at, [index[1]!]));
}

/** A tensor [C] as a reduction over pixels writes it. */
function asReduced(channels: Stored): Stored {
  return { ...channels, shape: [1, channels.shape[0]!, 1, 1], strides: [0, 1, 0, 0] };
}

/** (x − mean)·scale + shift, for tensors [C]. */
function affine(
  x: Expression,
  [mean, scale, shift]: readonly [Expression, Expression, Expression],
): Expression {
  const over = [mean, scale, shift].map((each) => overImage(each, x.shape));
  return elementwise(x.shape, [x, ...over], (value, m, a, b) => `(${value} - ${m}) * ${a} + ${b}`);
}

/** Reads an expression [C] at the channel of an image's index. */
function atChannel(at: Emitter, expression: Expression, index: readonly Index[]): Operand {
  return expression.load(at, [index[1]!]);
}

const INVERSE = (variance: string, epsilon: number): string => `rsqrtf(${variance} + ${floatText(epsilon)})`;

/** Mean and variance of the batch. */
interface Statistics {
  readonly mean: Stored;
  readonly variance: Stored;
}

/** Adds the statistics of an image to a plan, and what else is made of them, in one pass. */
function addStatistics(
  draft: Draft,
  x: Expression,
  { mean, variance }: Statistics,
  scaled?: { readonly target: Stored; readonly gamma: Expression; readonly epsilon: number },
): void {
  const count = floatText(1 / (sizeOf(x.shape) / x.shape[1]!));
  const varianceOf = (at: Emitter, [sum, squares]: readonly Operand[]): Operand =>
    at.apply([sum!, squares!], (s, q) => `larger((${q} - ${s} * ${s} * ${count}) * ${count}, 0.0f)`);
  const results: ReductionResult[] = [
    {
      target: asReduced(mean),
      value: (at, [sum], _, first) => at.apply([sum!, first!], (s, f) => `${f} + ${s} * ${count}`),
    },
    { target: asReduced(variance), value: (at, totals) => varianceOf(at, totals) },
  ];
  if (scaled)
    results.push({
      target: asReduced(scaled.target),
      value: (at, totals, index) =>
        at.apply(
          [varianceOf(at, totals), atChannel(at, scaled.gamma, index)],
          (v, g) => `${g} * ${INVERSE(v!, scaled.epsilon)}`,
        ),
    });
  draft.reduce({
    shape: x.shape,
    axes: PIXELS,
    reads: scaled ? [x, scaled.gamma] : [x],
    ...shiftedSums(x),
    results,
  });
}

/** The statistics of a joined tensor: those of its parts, each of which is gone through once for all that are joined of it. */
function joinedStatistics(draft: Draft, value: ValueId): Statistics | undefined {
  const chain = draft.chains.chainOf(value);
  const x = draft.stored(value);
  if (!chain || x.buffer !== chain.whole.buffer) return undefined;
  const [, all] = chain.whole.shape as readonly [number, number];
  const whole = ['mean', 'variance'].map((name) =>
    draft.once(`${name} of chain ${chain.whole.buffer.id}`, () => draft.buffers.tensor([all], 'f32')),
  );
  const slice = (stored: Stored, start: number, channels: number): Stored => ({
    ...stored,
    shape: [channels],
    offset: start,
  });
  const channels = x.shape[1]!;
  for (const { value: part, start } of chain.parts) {
    if (start >= channels) break;
    const size = draft.shapeOf(part)[1]!;
    draft.once(`statistics of ${part}`, () => {
      const [mean, variance] = whole.map((each) => slice(each, start, size)) as [Stored, Stored];
      addStatistics(draft, fromStored(draft.stored(part)), { mean, variance });
      return mean;
    });
  }
  const [mean, variance] = whole.map((each) => slice(each, 0, channels)) as [Stored, Stored];
  return { mean, variance };
}

/** Statistics of the batch, and the scale γ/√(variance + ε); the result is left to its readers. */
function train(
  draft: Draft,
  { attributes: { epsilon }, inputs, outputs }: EngineNode<'batchNormTrain'>,
): void {
  const [xValue, gammaValue, betaValue] = inputs as [ValueId, ValueId, ValueId];
  const [y, meanValue, varianceValue] = outputs as [ValueId, ValueId, ValueId];
  const x = fromStored(draft.stored(xValue));
  const [gamma, beta] = [draft.expression(gammaValue), draft.expression(betaValue)];
  const known = joinedStatistics(draft, xValue);
  if (known) {
    draft.place(meanValue, known.mean);
    draft.place(varianceValue, known.variance);
    const scale = elementwise(
      gamma.shape,
      [gamma, fromStored(known.variance)],
      (g, v) => `${g} * ${INVERSE(v!, epsilon)}`,
    );
    draft.define(y, affine(x, [fromStored(known.mean), scale, beta]));
    return;
  }
  const [mean, variance] = [draft.output(meanValue, 'f32'), draft.output(varianceValue, 'f32')];
  const scale = draft.buffers.tensor([x.shape[1]!], 'f32');
  addStatistics(draft, x, { mean, variance }, { target: scale, gamma, epsilon });
  draft.define(y, affine(x, [fromStored(mean), fromStored(scale), beta]));
}

/** What the gradient of a normalisation reads. */
interface GradOperands {
  readonly dy: Expression;
  readonly x: Expression;
  readonly gamma: Expression;
  readonly mean: Expression;
  readonly variance: Expression;
  readonly epsilon: number;
}

/** Where the results of the pass over dy and x go, all [C]. */
interface GradTargets {
  readonly dgamma: Stored;
  readonly dbeta: Stored;
  readonly coefficients: readonly [Stored, Stored, Stored];
}

/** The results of a pass over dy and x, from Σdy and Σdy·(x − mean). */
function gradResults(
  { x, gamma, variance, epsilon }: GradOperands,
  { dgamma, dbeta, coefficients }: GradTargets,
): ReductionResult[] {
  const count = floatText(1 / (sizeOf(x.shape) / x.shape[1]!));
  const inverse = (at: Emitter, index: readonly Index[]): Operand =>
    at.apply([atChannel(at, variance, index)], (v) => INVERSE(v!, epsilon));
  const projected: ReductionResult['value'] = (at, totals, index) =>
    at.apply([totals[1]!, inverse(at, index)], (s, r) => `${s} * ${r}`);
  const scale: ReductionResult['value'] = (at, _, index) =>
    at.apply([atChannel(at, gamma, index), inverse(at, index)], (g, r) => `${g} * ${r}`);
  const slope: ReductionResult['value'] = (at, totals, index, first) =>
    at.apply(
      [scale(at, totals, index, first), inverse(at, index), projected(at, totals, index, first)],
      (a, r, p) => `-${a} * ${r} * ${p} * ${count}`,
    );
  const shift: ReductionResult['value'] = (at, totals, index, first) =>
    at.apply([scale(at, totals, index, first), totals[0]!], (a, s) => `-${a} * ${s} * ${count}`);
  return [
    { target: asReduced(dgamma), value: projected },
    { target: asReduced(dbeta), value: (_, totals) => totals[0]! },
    ...[scale, slope, shift].map((value, i) => ({ target: asReduced(coefficients[i]!), value })),
  ];
}

/** dγ and dβ, and the three coefficients of dx = a·dy + b·(x − mean) + c, in one pass over dy and x. */
function trainGrad(
  draft: Draft,
  { attributes: { epsilon }, inputs, outputs }: EngineNode<'batchNormTrainGrad'>,
): void {
  const [dyValue, xValue, ...parameters] = inputs as [ValueId, ValueId, ValueId, ValueId, ValueId];
  const [gamma, mean, variance] = parameters.map((value) => draft.expression(value)) as [
    Expression,
    Expression,
    Expression,
  ];
  const [dxValue, dgammaValue, dbetaValue] = outputs as [ValueId, ValueId, ValueId];
  const dy = draft.expression(dyValue);
  const x = fromStored(draft.stored(xValue));
  const coefficient = (): Stored => draft.buffers.tensor([x.shape[1]!], 'f32');
  const targets: GradTargets = {
    dgamma: draft.output(dgammaValue, 'f32'),
    dbeta: draft.output(dbetaValue, 'f32'),
    coefficients: [coefficient(), coefficient(), coefficient()],
  };
  draft.reduce({
    shape: x.shape,
    axes: PIXELS,
    reads: [dy, x, gamma, mean, variance],
    accumulators: [
      { combination: 'sum', term: (at, index) => dy.load(at, index) },
      {
        combination: 'sum',
        term: (at, index) =>
          at.apply(
            [dy.load(at, index), x.load(at, index), atChannel(at, mean, index)],
            (d, a, m) => `${d} * (${a} - ${m})`,
          ),
      },
    ],
    results: gradResults({ dy, x, gamma, mean, variance, epsilon }, targets),
  });
  const over = [mean, ...targets.coefficients.map(fromStored)].map((each) => overImage(each, x.shape));
  draft.define(
    dxValue,
    elementwise(
      x.shape,
      [dy, x, ...over],
      (d, value, m, a, b, c) => `${a} * ${d} + ${b} * (${value} - ${m}) + ${c}`,
    ),
  );
}

/** Batch normalisation. What is applied to every element is left to its readers. */
export const batchNormLowerings: Lowerings<'batchNormTrain' | 'batchNormTrainGrad' | 'batchNormInference'> = {
  batchNormTrain: train,
  batchNormTrainGrad: trainGrad,
  batchNormInference: (draft, { attributes: { epsilon }, inputs, outputs }) => {
    const [x, gamma, beta, mean, variance] = inputs.map((value) => draft.expression(value)) as [
      Expression,
      Expression,
      Expression,
      Expression,
      Expression,
    ];
    const scale = elementwise(gamma.shape, [gamma, variance], (g, v) => `${g} * ${INVERSE(v!, epsilon)}`);
    draft.define(outputs[0]!, affine(x, [mean, fromStored(draft.write(scale, 'f32')), beta]));
  },
};
