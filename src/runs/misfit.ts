import { closestModel } from '../models/closestModel.js';
import type { Model } from '../models/model.js';
import { type ModelKind, recogniseModel } from '../models/recognise.js';
import { families } from '../models/registry.js';
import type { StateDictTensors } from '../train/stateDict.js';

/** A model's name with its variant. */
export function nameOfKind(kind: Pick<ModelKind, 'name'> & { readonly channels?: number }): string {
  const { family } = families.declarationOf(kind.name) ?? {};
  const options = Object.entries(families.optionsOf(kind)).filter(
    ([key]) => family?.options[key]?.recognised,
  );
  const parts = options.map(([key, value]) => `the ${key} ${value}`);
  const grey = kind.channels === 1 ? ' for grey images' : '';
  return `${kind.name}${parts.length > 0 ? ` of ${parts.join(' and ')}` : ''}${grey}`;
}

/** Describes tensors of an unknown model: the closest model and up to three tensors that differ. */
export function describeUnknown(tensors: StateDictTensors): string {
  const { kind, share, differences } = closestModel(tensors);
  if (share === 0) {
    const names = [...tensors.keys()].slice(0, 3).join(', ');
    return `its architecture is unknown: it has ${tensors.size} tensors, such as ${names}`;
  }
  return `its architecture is unknown; the closest is ${nameOfKind(kind)}, but ${differences.join(', ')}`;
}

/**
 * Why tensors do not fit a model, if their architecture is another one; undefined if the lists of differing tensors say
 * more.
 */
export function describeMisfit(tensors: StateDictTensors, model: Model): string | undefined {
  const classifier = new Set(model.classifierEntries);
  const entries = model
    .stateEntries()
    .filter(({ name, kind }) => kind !== 'counter' && !classifier.has(name));
  const same = entries.filter(({ name, shape }) => tensors.get(name)?.shape.join() === shape.join()).length;
  const found = recogniseModel(tensors);
  const { channels } = model;
  if (found && found.name === model.config.name && found.channels !== channels) {
    const [theirs, ours] = channels === 1 ? ['colour images (3', 'grey ones'] : ['grey images (1', 'colours'];
    const unit = channels === 1 ? 'channels' : 'channel';
    return `it has the tensors of ${nameOfKind({ ...found, channels: 3 })}, for ${theirs} ${unit}), not for ${ours}: train with images of ${found.channels} ${unit}`;
  }
  // Few differences are named one by one.
  if (entries.length - same <= 3) return undefined;
  const asked = nameOfKind(model.config);
  if (found) return `it has the tensors of ${nameOfKind(found)}, not of ${asked}`;
  const known = entries.filter(({ name }) => tensors.has(name)).length;
  // The same names with other shapes are a variant of the model.
  if (2 * known > entries.length) return undefined;
  return `it does not have the tensors of ${asked}: ${describeUnknown(tensors)}`;
}
