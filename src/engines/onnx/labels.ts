import type { Program } from '../../graph/program.js';
import { GraphError } from '../../graph/tensorType.js';
import type { NamedData } from '../engine.js';

/** An input that holds class labels. */
export interface LabelRange {
  readonly input: string;
  readonly classes: number;
}

/** The inputs that a program uses as class numbers. */
export function labelInputs({ nodes, values }: Program): LabelRange[] {
  const inputs = new Map(
    nodes.flatMap((node) =>
      node.kind === 'input' ? [[node.outputs[0]!, node.attributes.name] as const] : [],
    ),
  );
  return nodes.flatMap((node) => {
    if (node.kind !== 'softmaxCrossEntropy' && node.kind !== 'oneHot') return [];
    const input = inputs.get(node.inputs.at(-1)!);
    return input === undefined ? [] : [{ input, classes: values[node.outputs.at(-1)!]!.shape[1]! }];
  });
}

/**
 * Rejects labels that are not a class number; ONNX Runtime would count a negative one from the end.
 *
 * @throws GraphError naming the label
 */
export function checkLabels(ranges: readonly LabelRange[], inputs: NamedData): void {
  for (const { input, classes } of ranges) {
    const found = inputs[input]!.findIndex((label) => !(label >= 0 && label < classes));
    if (found < 0) continue;
    const label = inputs[input]![found];
    throw new GraphError(
      `softmaxCrossEntropy: label ${label} of image ${found} is not in 0 … ${classes - 1}`,
    );
  }
}
