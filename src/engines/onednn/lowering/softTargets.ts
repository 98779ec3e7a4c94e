import type { ValueId } from '../../../graph/program.js';
import { sizeOf } from '../../../graph/tensorType.js';
import { ARG } from '../dnnl.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';
import type { MatmulSpec } from '../primitiveSpec.js';
import { logProbabilities } from './crossEntropy.js';
import { type Lowerings, onHost, SMALL } from './lowering.js';
import { combine } from './update.js';

/** dst [N, 1] = weight·Σₖ x [N, K]. */
function sumRows(draft: Draft, x: Place, weight: number, dst: Place): void {
  const classes = x.desc.shape[1]!;
  const weights = new Float32Array(classes).fill(weight);
  const ones = draft.steps.constant(draft.layouts.rowMajor([classes, 1]), weights);
  const spec: MatmulSpec = { kind: 'matmul', a: x.desc, b: ones.desc, dst: dst.desc };
  draft.steps.primitive({ spec, reads: { [ARG.src]: x, [ARG.weights]: ones }, writes: { [ARG.dst]: dst } });
}

/** A vector [N] as a column. */
function column(draft: Draft, vector: Place): Place {
  return { ...vector, desc: draft.layouts.rowMajor([vector.desc.shape[0]!, 1]) };
}

function forward(draft: Draft, inputs: readonly ValueId[], outputs: readonly ValueId[]): void {
  const [logits, targets] = inputs.map((value) => draft.places.plain(value)) as [Place, Place];
  const logs = logProbabilities(draft, logits, outputs[1]!);
  const products = draft.buffers.allocate(logits.desc);
  combine(draft, 'mul', [logs, targets, products]);
  const loss = draft.places.output(outputs[0]!, draft.layouts.rowMajor([logits.desc.shape[0]!]));
  sumRows(draft, products, -1, column(draft, loss));
}

/** dloss·(p·Σ q − q). */
function gradient(draft: Draft, inputs: readonly ValueId[], dlogits: ValueId): void {
  const places = inputs.map((value) => draft.places.plain(value));
  const [dloss, probabilities, targets] = places as [Place, Place, Place];
  const totals = draft.buffers.allocate(draft.layouts.rowMajor([probabilities.desc.shape[0]!, 1]));
  sumRows(draft, targets, 1, totals);
  const result = draft.places.output(dlogits, probabilities.desc);
  combine(draft, 'mul', [probabilities, totals, result]);
  combine(draft, 'sub', [result, targets, result]);
  combine(draft, 'mul', [result, column(draft, dloss), result]);
}

/** Cross-entropy with distributions as targets; the formulas are in the graph's rules. */
export const softTargetLowerings: Lowerings<
  'softTargetCrossEntropy' | 'softTargetCrossEntropyGrad' | 'oneHot'
> = {
  softTargetCrossEntropy: (draft, node) => {
    if (sizeOf(draft.shapeOf(node.inputs[0]!)) < SMALL) onHost(draft, node);
    else forward(draft, node.inputs, node.outputs);
  },
  softTargetCrossEntropyGrad: (draft, node) => {
    if (sizeOf(draft.shapeOf(node.inputs[1]!)) < SMALL) onHost(draft, node);
    else gradient(draft, node.inputs, node.outputs[0]!);
  },
  // A loop over labels, which touches one number an image.
  oneHot: onHost,
};
