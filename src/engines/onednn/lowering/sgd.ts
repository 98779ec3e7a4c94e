import type { OpAttributes } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import { sizeOf } from '../../../graph/tensorType.js';
import type { Draft } from '../plan/draft.js';
import { type Lowerings, onHost, SMALL } from './lowering.js';
import { addScaled, combine, negative, updateTarget } from './update.js';

/** m ← μm + g + λw, then w ← w + (−η)·m, or with Nesterov's momentum w + (−η)·(g + λw + μm): two or three passes. */
function update(
  draft: Draft,
  { momentum, weightDecay, nesterov }: OpAttributes['sgdUpdate'],
  inputs: readonly ValueId[],
  outputs: readonly ValueId[],
): void {
  const [parameter, gradient, buffer, learningRate] = inputs as [ValueId, ValueId, ValueId, ValueId];
  const { desc } = draft.places.first(parameter);
  const g = draft.layouts.flat(draft.places.as(gradient, desc));
  const m = draft.layouts.flat(updateTarget(draft, buffer, outputs[1]!, desc));
  const w = draft.layouts.flat(updateTarget(draft, parameter, outputs[0]!, desc));
  const terms = [
    [momentum, m],
    [1, g],
    [weightDecay, w],
  ] as const;
  addScaled(draft, terms, m);
  const direction = nesterov ? draft.buffers.allocate(m.desc) : m;
  if (nesterov) addScaled(draft, terms, direction);
  combine(draft, 'mul', [direction, negative(draft, learningRate), w], [{ kind: 'sum', scale: 1 }]);
}

/** SGD with momentum; small parameters on the host. */
export const sgdLowerings: Lowerings<'sgdUpdate'> = {
  sgdUpdate: (draft, node) => {
    const { attributes, inputs, outputs } = node;
    if (sizeOf(draft.shapeOf(inputs[0]!)) < SMALL) onHost(draft, node);
    else update(draft, attributes, inputs, outputs);
  },
};
