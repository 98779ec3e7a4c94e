import type { ValueId } from '../../../graph/program.js';
import { sizeOf } from '../../../graph/tensorType.js';
import { labelAt } from '../../reference/kernels/crossEntropy.js';
import { ARG } from '../dnnl.js';
import type { Place } from '../plan/place.js';
import type { Planner } from '../plan/planner.js';
import type { BinarySpec, EltwiseSpec, LogSoftmaxSpec } from '../primitiveSpec.js';
import { type Lowerings, onHost, SMALL } from './lowering.js';

function eltwise(
  planner: Planner,
  { fn, beta = 0 }: { readonly fn: 'exp' | 'linear'; readonly beta?: number },
  [src, dst]: readonly [Place, Place],
): void {
  const spec: EltwiseSpec = { kind: 'eltwise', pass: 'forward', fn, alpha: 1, beta, data: src.desc };
  planner.execute(spec, planner.prepare(spec), { [ARG.src]: src }, { [ARG.dst]: dst });
}

/** Logarithms of probabilities, their exponentials, and a loop over the labels. */
function forward(
  planner: Planner,
  smoothing: number,
  inputs: readonly ValueId[],
  outputs: readonly ValueId[],
): void {
  const [logits, labels] = inputs.map((value) => planner.plain(value)) as [Place, Place];
  const [points, classes] = logits.desc.shape as [number, number];
  const logs = planner.allocate(logits.desc);
  const spec: LogSoftmaxSpec = { kind: 'logSoftmax', data: logits.desc };
  planner.execute(spec, planner.prepare(spec), { [ARG.src]: logits }, { [ARG.dst]: logs });
  eltwise(planner, { fn: 'exp' }, [logs, planner.output(outputs[1]!, logits.desc)]);
  const loss = planner.output(outputs[0]!, planner.rowMajor([points]));
  planner.host([logs, labels], [loss], ([values, classOf], [losses]) => {
    for (let point = 0; point < points; point++) {
      const start = point * classes;
      let total = 0;
      if (smoothing > 0) for (let k = 0; k < classes; k++) total += values![start + k]!;
      const own = values![start + labelAt({ data: classOf! }, point, classes)]!;
      losses![point] = -(1 - smoothing) * own - (smoothing / classes) * total;
    }
  });
}

/** dloss·(p − rest) for every class, less dloss·(1 − smoothing) for a point's own. */
function gradient(planner: Planner, smoothing: number, inputs: readonly ValueId[], dlogits: ValueId): void {
  const [dloss, probabilities, labels] = inputs.map((value) => planner.plain(value)) as [Place, Place, Place];
  const [points, classes] = probabilities.desc.shape as [number, number];
  const result = planner.output(dlogits, probabilities.desc);
  let base = probabilities;
  if (smoothing > 0) {
    base = planner.allocate(probabilities.desc);
    eltwise(planner, { fn: 'linear', beta: -smoothing / classes }, [probabilities, base]);
  }
  const column = { ...dloss, desc: planner.rowMajor([points, 1]) };
  const spec: BinarySpec = { kind: 'binary', fn: 'mul', a: base.desc, b: column.desc, dst: result.desc };
  const reads = { [ARG.src]: base, [ARG.src1]: column };
  planner.execute(spec, planner.prepare(spec), reads, { [ARG.dst]: result });
  planner.host([dloss, labels, result], [result], ([losses, classOf], [to]) => {
    for (let point = 0; point < points; point++) {
      const own = point * classes + labelAt({ data: classOf! }, point, classes);
      to![own] = to![own]! - (1 - smoothing) * losses![point]!;
    }
  });
}

/** Softmax cross-entropy; the formulas are in the graph's rules. */
export const crossEntropyLowerings: Lowerings<'softmaxCrossEntropy' | 'softmaxCrossEntropyGrad'> = {
  softmaxCrossEntropy: (planner, node) => {
    const { attributes, inputs, outputs } = node;
    if (sizeOf(planner.shapeOf(inputs[0]!)) < SMALL) onHost(planner, node);
    else forward(planner, attributes.labelSmoothing, inputs, outputs);
  },
  softmaxCrossEntropyGrad: (planner, node) => {
    const { attributes, inputs, outputs } = node;
    if (sizeOf(planner.shapeOf(inputs[1]!)) < SMALL) onHost(planner, node);
    else gradient(planner, attributes.labelSmoothing, inputs, outputs[0]!);
  },
};
