import type { ValueId } from '../../../graph/program.js';
import { Emitter, type Operand } from '../codegen/emitter.js';
import { type Expression, elementwise, floatText, fromStored, moved } from '../codegen/expression.js';
import { Index } from '../codegen/index.js';
import type { Draft } from '../plan/draft.js';
import type { Lowerings } from './lowering.js';

/** Threads of the block that computes a row. */
const THREADS = 128;

/** The target of a class: texts of a class's number to its share. */
type Target = (at: Emitter, row: Index, column: Index) => Operand;

/** A class's part of the loss: the text of log Σ eˣ − x to its product with the class's share. */
type Part = (at: Emitter, row: Index, column: Index, difference: string) => string;

/** Combines a number of each thread over the block, in a fixed order; all threads get the result. */
function overBlock(at: Emitter, own: string, combine: (a: string, b: string) => string): string {
  const total = at.name('t');
  at.line('__syncthreads();');
  at.line(`shared[threadIdx.x] = ${own};`);
  at.line('__syncthreads();');
  at.block(`for (int half = ${THREADS / 2}; half > 0; half /= 2)`, () => {
    at.line(
      `if (threadIdx.x < half) shared[threadIdx.x] = ${combine('shared[threadIdx.x]', 'shared[threadIdx.x + half]')};`,
    );
    at.line('__syncthreads();');
  });
  at.line(`const float ${total} = shared[0];`);
  return total;
}

interface Softmax {
  readonly logits: ValueId;
  readonly loss: ValueId;
  readonly probabilities: ValueId;
  readonly targets: Expression;
  readonly part: Part;
}

/** Σ q·(log Σ eˣ − x) of every row, and the probabilities; a block computes a row. */
function crossEntropy(draft: Draft, { logits, loss, probabilities, targets, part }: Softmax): void {
  const x = draft.stored(logits);
  const [rows, classes] = x.shape as readonly [number, number];
  const [lossAt, probabilitiesAt] = [draft.output(loss, 'f32'), draft.output(probabilities, 'f32')];
  const at = new Emitter(1);
  const row = Index.counter('row', rows);
  const column = Index.counter('k', classes);
  at.line('const int row = blockIdx.x;');
  at.line(`__shared__ float shared[${THREADS}];`);
  const loop = (body: (value: string) => void): void =>
    at.block(`for (int k = threadIdx.x; k < ${classes}; k += ${THREADS})`, () =>
      body(at.read(x, [row, column]).text),
    );
  at.line(`float most = ${floatText(Number.NEGATIVE_INFINITY)}, sum = 0.0f, value = 0.0f;`);
  loop((v) => at.line(`most = larger(most, ${v});`));
  const most = overBlock(at, 'most', (a, b) => `larger(${a}, ${b})`);
  loop((v) => at.line(`sum += expf(${v} - ${most});`));
  const total = at.value(`logf(${overBlock(at, 'sum', (a, b) => `${a} + ${b}`)}) + ${most}`, false).text;
  loop((v) => {
    at.write(probabilitiesAt, [row, column], at.value(`expf(${v} - ${total})`, false));
    at.line(`value += ${part(at, row, column, `(${total} - ${v})`)};`);
  });
  const result = overBlock(at, 'value', (a, b) => `${a} + ${b}`);
  at.line('if (threadIdx.x != 0) return;');
  at.write(lossAt, [row], { text: result, laned: false });
  const reads = [x, ...targets.reads];
  const body = {
    text: at.text,
    buffers: at.buffers,
    reads: reads.map(({ buffer }) => buffer),
    writes: [lossAt.buffer, probabilitiesAt.buffer],
    blocks: rows,
    threads: THREADS,
  };
  draft.kernel(body, reads, [lossAt, probabilitiesAt], 6 * rows * classes);
}

/** A number for the label's own class, another for the other classes, and NaN for all where the label is no class. */
function byLabel(labels: Expression, classes: number, own: string, other: string): Target {
  return (at, row, column) => {
    const label = labels.load(at, [row]).text;
    const isNone = `${label} < 0 || ${label} >= ${classes}`;
    return at.value(
      `(${isNone} ? ${floatText(Number.NaN)} : ${column.text()} == ${label} ? ${own} : ${other})`,
      column.isLaned(),
    );
  };
}

/** Shares of classes for smoothed labels. */
function labelTarget(labels: Expression, smoothing: number, classes: number): Target {
  const share = smoothing / classes;
  return byLabel(labels, classes, floatText(1 - smoothing + share), floatText(share));
}

/**
 * Parts of classes for smoothed labels. Without smoothing the other classes have none, also where their logit is −∞
 * (a masked class), whose difference is ∞.
 */
function labelPart(labels: Expression, smoothing: number, classes: number): Part {
  const target = labelTarget(labels, smoothing, classes);
  return (at, row, column, difference) =>
    smoothing > 0
      ? `${target(at, row, column).text} * ${difference}`
      : byLabel(labels, classes, difference, floatText(0))(at, row, column).text;
}

/** Cross-entropies, whose probabilities are kept for the gradient. */
export const crossEntropyLowerings: Lowerings<
  | 'softmaxCrossEntropy'
  | 'softmaxCrossEntropyGrad'
  | 'softTargetCrossEntropy'
  | 'softTargetCrossEntropyGrad'
  | 'oneHot'
> = {
  softmaxCrossEntropy: (draft, { attributes: { labelSmoothing }, inputs, outputs }) => {
    const [logits, labels] = inputs as [ValueId, ValueId];
    const read = draft.expression(labels);
    crossEntropy(draft, {
      logits,
      loss: outputs[0]!,
      probabilities: outputs[1]!,
      targets: read,
      part: labelPart(read, labelSmoothing, draft.shapeOf(logits)[1]!),
    });
  },
  softmaxCrossEntropyGrad: (draft, { attributes: { labelSmoothing }, inputs, outputs }) => {
    const [dloss, probabilities, labels] = inputs.map((value) => draft.expression(value)) as [
      Expression,
      Expression,
      Expression,
    ];
    const shape = draft.shapeOf(outputs[0]!);
    const target = labelTarget(labels, labelSmoothing, shape[1]!);
    draft.define(
      outputs[0]!,
      moved([probabilities, dloss, labels], shape, (at, index) =>
        at.apply(
          [dloss.load(at, [index[0]!]), probabilities.load(at, index), target(at, index[0]!, index[1]!)],
          (d, p, q) => `${d} * (${p} - ${q})`,
        ),
      ),
    );
  },
  softTargetCrossEntropy: (draft, { inputs, outputs }) => {
    const targets = draft.expression(inputs[1]!);
    crossEntropy(draft, {
      logits: inputs[0]!,
      loss: outputs[0]!,
      probabilities: outputs[1]!,
      targets,
      part: (at, row, column, difference) => `${targets.load(at, [row, column]).text} * ${difference}`,
    });
  },
  softTargetCrossEntropyGrad: (draft, { inputs, outputs }) => {
    const [dloss, probabilities, targets] = inputs.map((value) => draft.expression(value)) as [
      Expression,
      Expression,
      Expression,
    ];
    const shape = draft.shapeOf(outputs[0]!);
    const totals = draft.buffers.tensor([shape[0]!, 1], 'f32');
    draft.reduce({
      shape,
      axes: [1],
      reads: [targets],
      accumulators: [{ combination: 'sum', term: (at, index) => targets.load(at, index) }],
      results: [{ target: totals, value: (_, sums) => sums[0]! }],
    });
    const column = moved([dloss], [shape[0]!, 1], (at, index) => dloss.load(at, [index[0]!]));
    draft.define(
      outputs[0]!,
      elementwise(
        shape,
        [column, probabilities, fromStored(totals), targets],
        (d, p, t, q) => `${d} * (${p} * ${t} - ${q})`,
      ),
    );
  },
  oneHot: (draft, { inputs, outputs }) => {
    const labels = draft.expression(inputs[0]!);
    const shape = draft.shapeOf(outputs[0]!);
    // Its own class's share of a label that is not smoothed is 1.
    const target = labelTarget(labels, 0, shape[1]!);
    const load = (at: Emitter, [row, column]: readonly Index[]): Operand => target(at, row!, column!);
    draft.define(outputs[0]!, { ...moved([labels], shape, load), type: 'f32' });
  },
};
