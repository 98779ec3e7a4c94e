import { createModel, type ModelOptions } from './registry.js';
import { shuffleNetRatios } from './shufflenet.js';
import { skipblockNetVariants } from './skipblocknet.js';

/** What tells models apart. */
export type ModelKind = Pick<ModelOptions, 'name' | 'ratio' | 'width'>;

/** The published models. */
export const modelKinds: readonly ModelKind[] = [
  { name: 'resnet18' },
  { name: 'densenet121' },
  ...shuffleNetRatios.map((ratio) => ({ name: 'shufflenetv2', ratio })),
  ...Object.values(skipblockNetVariants).map((width) => ({ name: 'skipblocknet', width })),
];

/**
 * The model that a state dict is of, told by the names and shapes of all tensors but the classifier's
 * and counters; undefined if it is none of the published ones.
 */
export function recogniseModel(
  tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>,
): ModelKind | undefined {
  return modelKinds.find((kind) => {
    const model = createModel({ ...kind, classes: 2 });
    return model
      .stateEntries()
      .filter(({ name, kind }) => kind !== 'counter' && !model.classifierEntries.includes(name))
      .every(({ name, shape }) => tensors.get(name)?.shape.join() === shape.join());
  });
}
