import type { Dataset, DatasetPair } from '../data/dataset.js';
import { areImageNet, IMAGENET_FOLDERS } from '../data/imagenet/classes.js';
import { SettingError, UserError } from '../errors.js';

/** Number of classes that a message names. */
const NAMED = 5;

/** Whether classes have real names, rather than `class 0`, `class 1` and so on. */
export function areNamed(classes: readonly string[]): boolean {
  return classes.some((name, i) => name !== `class ${i}`);
}

/** A class's name as it is compared: in composed form (NFC), since not all systems compose names. */
export function keyOf(name: string): string {
  return name.normalize('NFC');
}

/** Places of classes by name; ImageNet's are also known by the names of their folders, such as n01440764. */
export function classPlaces(classes: readonly string[]): ReadonlyMap<string, number> {
  const folders = areImageNet(classes) ? IMAGENET_FOLDERS : [];
  return new Map([...folders, ...classes].map((name, i) => [keyOf(name), i % classes.length]));
}

/** The place of a class by its name; undefined if it is not among them. */
export function placeOf(places: ReadonlyMap<string, number>, name: string): number | undefined {
  return places.get(keyOf(name));
}

/** Up to five names and the number of the others. */
export function someNames(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${names.slice(0, NAMED).join(', ')}${more}`;
}

/**
 * A data set with the labels of a model's classes, matched by name; it may have only some of them. If either has no
 * names, labels are the model's class numbers.
 *
 * @param source the model's file, for messages
 * @throws UserError naming classes that the model does not have, or when the numbers of classes differ and there are no names
 */
export function asModelClasses<D extends Dataset>(dataset: D, names: readonly string[], source: string): D {
  if (!areNamed(dataset.classes)) return asNumberedClasses(dataset, names, source);
  if (!areNamed(names)) {
    if (dataset.classes.length === names.length) return dataset;
    throw new SettingError(
      (name) =>
        `${dataset.name} has ${dataset.classes.length} classes, but ${source} has ${names.length}, without names: ` +
        `give ${name('classesFile')}, which names them in order, or ${name('classMap')}, which numbers the folders`,
      1,
    );
  }
  const places = classPlaces(names);
  const unknown = dataset.classes.filter((name) => placeOf(places, name) === undefined);
  if (unknown.length > 0) {
    throw new UserError(
      `${dataset.name} has ${unknown.length === 1 ? 'a class' : `${unknown.length} classes`} that ${source} does not know: ${someNames(unknown)}; it knows ${someNames(names)}`,
    );
  }
  return relabelled(dataset, names, places);
}

/**
 * A data set whose labels already are the model's class numbers, from a class map or archives, with the model's names.
 *
 * @throws UserError when a number is beyond the model's classes, or a name is that of another class of the model
 */
export function asNumberedClasses<D extends Dataset>(
  dataset: D,
  names: readonly string[],
  source: string,
): D {
  const most = dataset.labels.reduce((a, b) => Math.max(a, b), 0);
  if (most >= names.length)
    throw new UserError(
      `${dataset.name} has the class number ${most}, but ${source} has ${names.length} classes`,
    );
  const places = classPlaces(names);
  dataset.classes.forEach((name, i) => {
    const place = placeOf(places, name);
    if (place !== undefined && place !== i)
      throw new UserError(`${dataset.name} has ${name} as class ${i}, but in ${source} it is class ${place}`);
  });
  return {
    ...dataset,
    classes: areNamed(names) ? names : names.map((name, i) => dataset.classes[i] ?? name),
  };
}

/**
 * Both parts of a data set with the labels of the resumed run; they must have its classes, in any
 * order.
 *
 * @param source the run's checkpoint, for messages
 * @throws UserError naming the classes that were added and that are missing
 */
export function asResumedClasses(
  { train, test }: DatasetPair,
  names: readonly string[],
  source: string,
): DatasetPair {
  const { classes } = train;
  if (!areNamed(classes) || !areNamed(names)) {
    if (classes.length === names.length) return { train, test };
    throw new UserError(`${source} has ${names.length} classes, but ${train.name} has ${classes.length}`);
  }
  const places = classPlaces(names);
  const found = classPlaces(classes);
  const added = classes.filter((name) => placeOf(places, name) === undefined);
  const missing = names.filter((name) => placeOf(found, name) === undefined);
  if (added.length > 0 || missing.length > 0) {
    const parts = [
      ...(added.length > 0 ? [`${someNames(added)} ${added.length === 1 ? 'is' : 'are'} new`] : []),
      ...(missing.length > 0 ? [`${someNames(missing)} ${missing.length === 1 ? 'is' : 'are'} missing`] : []),
    ];
    throw new SettingError(
      (name) =>
        `the run in ${source} cannot be resumed with other classes: ${parts.join(', ')}; ` +
        `train a new run with ${name('pretrained')} instead`,
      1,
    );
  }
  return { train: relabelled(train, names, places), test: relabelled(test, names, classPlaces(names)) };
}

function relabelled<D extends Dataset>(
  dataset: D,
  names: readonly string[],
  places: ReadonlyMap<string, number>,
): D {
  const labelOf = dataset.classes.map((name) => placeOf(places, name)!);
  return { ...dataset, classes: names, labels: dataset.labels.map((label) => labelOf[label]!) };
}
