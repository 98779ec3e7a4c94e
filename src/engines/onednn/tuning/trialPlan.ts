import type { Program, ValueId } from '../../../graph/program.js';
import type { Shape, TensorType } from '../../../graph/tensorType.js';
import type { NodeOf } from '../../fusion/node.js';
import { Usage } from '../../fusion/usage.js';
import type { Dnnl } from '../dnnl.js';
import { lowerNode } from '../lowering/table.js';
import { Draft } from '../plan/draft.js';
import type { Storage } from '../plan/place.js';
import type { Plan } from '../plan/plan.js';
import type { WaySettings } from '../ways/candidates.js';
import type { Convolution, ConvWay } from '../ways/way.js';

/** What a trial computes. */
type TrialKind = 'conv2d' | 'conv2dInputGrad' | 'conv2dParameterGrad';

/** A program of one convolution: its operands, its result, and the node between them. */
interface Trial {
  readonly operands: readonly ValueId[];
  readonly result: ValueId;
  readonly node: NodeOf<TrialKind>;
  readonly program: Program;
}

/** The convolution without addend and activation, which cost every way about as much. */
function trialOf({ pass, geometry, shapes: { x, weight, y }, hasBias }: Convolution): Trial {
  const bias: Shape = [weight[0]!];
  const [inputs, outputs]: [Shape[], Shape[]] = {
    training: [[x, weight, ...(hasBias ? [bias] : [])], [y]] as [Shape[], Shape[]],
    inputGradient: [[y, weight], [x]] as [Shape[], Shape[]],
    weightGradient: [
      [y, x],
      [weight, ...(hasBias ? [bias] : [])],
    ] as [Shape[], Shape[]],
  }[pass];
  const values = [...inputs, ...outputs].map((shape): TensorType => ({ shape, dtype: 'f32' }));
  const operands = inputs.map((_, value) => value);
  const ends = { inputs: operands, outputs: outputs.map((_, i) => inputs.length + i) };
  const nodes: Record<Convolution['pass'], NodeOf<TrialKind>> = {
    training: { kind: 'conv2d', attributes: geometry, ...ends },
    inputGradient: { kind: 'conv2dInputGrad', attributes: { ...geometry, inputShape: x }, ...ends },
    weightGradient: {
      kind: 'conv2dParameterGrad',
      attributes: { ...geometry, weightShape: weight },
      ...ends,
    },
  };
  const result = inputs.length;
  const program: Program = { values, nodes: [], outputs: { result }, updates: {} };
  return { operands, result, node: nodes[pass], program };
}

/**
 * A plan that computes one convolution in one way: from its operands as they are, to its result as it is wanted, with all
 * changes of layout between.
 *
 * @throws DnnlError when the library does not have it
 */
export function trialPlan(dnnl: Dnnl, settings: WaySettings, convolution: Convolution, way: ConvWay): Plan {
  const { operands, result, node, program } = trialOf(convolution);
  const usage = new Usage([node], program);
  const draft = new Draft({ ...settings, dnnl, program, usage, ways: { choose: () => way } });
  const { prologue, steps, primitives } = draft.steps;
  try {
    draft.begin(node, 0);
    placeOperands(draft, convolution, operands);
    lowerNode<TrialKind>(draft, node);
    const { pass, shapes, isNormalised } = convolution;
    const shape = draft.shapeOf(result);
    if (pass === 'weightGradient') draft.places.as(result, draft.layouts.rowMajor(shapes.weight));
    else if (isNormalised) draft.places.as(result, draft.layouts.images(shape));
    const nowhere = new Map<string, never>();
    return { prologue, steps, primitives, buffers: draft.buffers.all, inputs: nowhere, outputs: nowhere };
  } catch (error) {
    for (const primitive of primitives) dnnl.release(primitive);
    throw error;
  }
}

/** Gives the operands memory in the layouts that they have, a bias row-major. */
function placeOperands(
  draft: Draft,
  { pass, operands: places, isWeightFixed }: Convolution,
  operands: readonly ValueId[],
): void {
  // A weight gradient's node reads dy and x, in this order.
  const wanted = pass === 'weightGradient' ? [places[1], places[0]] : places;
  operands.forEach((value, i) => {
    const isFixed = i === 1 && pass !== 'weightGradient' && isWeightFixed;
    const storage: Storage = isFixed ? 'static' : 'transient';
    const place = wanted[i];
    draft.places.define(
      value,
      place
        ? draft.buffers.like(place, storage)
        : draft.buffers.allocate(draft.layouts.rowMajor(draft.shapeOf(value)), storage),
    );
  });
}
