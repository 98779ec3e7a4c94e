import type { ValueId } from '../../../graph/program.js';
import { sizeOf } from '../../../graph/tensorType.js';
import { labelAt } from '../../reference/kernels/crossEntropy.js';
import { ARG } from '../dnnl.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';
import type { BinarySpec, EltwiseSpec, LogSoftmaxSpec } from '../primitiveSpec.js';
import { type Lowerings, onHost, SMALL } from './lowering.js';

function eltwise(
  draft: Draft,
  { fn, beta = 0 }: { readonly fn: 'exp' | 'linear'; readonly beta?: number },
  [src, dst]: readonly [Place, Place],
): void {
  const spec: EltwiseSpec = { kind: 'eltwise', pass: 'forward', fn, alpha: 1, beta, data: src.desc };
  draft.steps.primitive({ spec, reads: { [ARG.src]: src }, writes: { [ARG.dst]: dst } });
}

/** Logarithms of the softmax [N, K] of logits; the softmax itself becomes `probabilities`. */
export function logProbabilities(draft: Draft, logits: Place, probabilities: ValueId): Place {
  const logs = draft.buffers.allocate(logits.desc);
  const spec: LogSoftmaxSpec = { kind: 'logSoftmax', data: logits.desc };
  draft.steps.primitive({ spec, reads: { [ARG.src]: logits }, writes: { [ARG.dst]: logs } });
  eltwise(draft, { fn: 'exp' }, [logs, draft.places.output(probabilities, logits.desc)]);
  return logs;
}

/** Logarithms of probabilities, their exponentials, and a loop over the labels. */
function forward(
  draft: Draft,
  smoothing: number,
  inputs: readonly ValueId[],
  outputs: readonly ValueId[],
): void {
  const [logits, labels] = inputs.map((value) => draft.places.plain(value)) as [Place, Place];
  const [points, classes] = logits.desc.shape as [number, number];
  const logs = logProbabilities(draft, logits, outputs[1]!);
  const loss = draft.places.output(outputs[0]!, draft.layouts.rowMajor([points]));
  draft.steps.host({
    inputs: [logs, labels],
    outputs: [loss],
    compute: ([values, classOf], [losses]) => {
      for (let point = 0; point < points; point++) {
        const start = point * classes;
        let total = 0;
        if (smoothing > 0) for (let k = 0; k < classes; k++) total += values![start + k]!;
        const own = values![start + labelAt({ data: classOf! }, point, classes)]!;
        losses![point] = -(1 - smoothing) * own - (smoothing / classes) * total;
      }
    },
  });
}

/** dloss·(p − rest) for every class, less dloss·(1 − smoothing) for a point's own. */
function gradient(draft: Draft, smoothing: number, inputs: readonly ValueId[], dlogits: ValueId): void {
  const [dloss, probabilities, labels] = inputs.map((value) => draft.places.plain(value)) as [
    Place,
    Place,
    Place,
  ];
  const [points, classes] = probabilities.desc.shape as [number, number];
  const result = draft.places.output(dlogits, probabilities.desc);
  let base = probabilities;
  if (smoothing > 0) {
    base = draft.buffers.allocate(probabilities.desc);
    eltwise(draft, { fn: 'linear', beta: -smoothing / classes }, [probabilities, base]);
  }
  const column = { ...dloss, desc: draft.layouts.rowMajor([points, 1]) };
  const spec: BinarySpec = { kind: 'binary', fn: 'mul', a: base.desc, b: column.desc, dst: result.desc };
  const reads = { [ARG.src]: base, [ARG.src1]: column };
  draft.steps.primitive({ spec, reads, writes: { [ARG.dst]: result } });
  draft.steps.host({
    inputs: [dloss, labels, result],
    outputs: [result],
    compute: ([losses, classOf], [to]) => {
      for (let point = 0; point < points; point++) {
        const own = point * classes + labelAt({ data: classOf! }, point, classes);
        to![own] = to![own]! - (1 - smoothing) * losses![point]!;
      }
    },
  });
}

/** Softmax cross-entropy; the formulas are in the graph's rules. */
export const crossEntropyLowerings: Lowerings<'softmaxCrossEntropy' | 'softmaxCrossEntropyGrad'> = {
  softmaxCrossEntropy: (draft, node) => {
    const { attributes, inputs, outputs } = node;
    if (sizeOf(draft.shapeOf(inputs[0]!)) < SMALL) onHost(draft, node);
    else forward(draft, attributes.labelSmoothing, inputs, outputs);
  },
  softmaxCrossEntropyGrad: (draft, node) => {
    const { attributes, inputs, outputs } = node;
    if (sizeOf(draft.shapeOf(inputs[1]!)) < SMALL) onHost(draft, node);
    else gradient(draft, attributes.labelSmoothing, inputs, outputs[0]!);
  },
};
