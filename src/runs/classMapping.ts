import type { Dataset, DatasetPair } from '../data/dataset.js';
import { UserError } from '../errors.js';

/** Classes that a message names. */
const NAMED = 5;

/** Whether classes have names of their own, and not `class 0`, `class 1` and so on, as sets of numbers have. */
export function areNamed(classes: readonly string[]): boolean {
  return classes.some((name, i) => name !== `class ${i}`);
}

/** A class's name in the form that is compared: composed (NFC), as one system writes it and another does not. */
function keyOf(name: string): string {
  return name.normalize('NFC');
}

/** Places of classes by name. */
export function classPlaces(classes: readonly string[]): ReadonlyMap<string, number> {
  return new Map(classes.map((name, i) => [keyOf(name), i]));
}

/** The place of a class by its name; undefined if it is not among them. */
export function placeOf(places: ReadonlyMap<string, number>, name: string): number | undefined {
  return places.get(keyOf(name));
}

/** Up to five names, and how many more there are. */
export function someNames(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${names.slice(0, NAMED).join(', ')}${more}`;
}

/**
 * A set under the classes of a model, matched by name; it may have some of them alone. Where either has no names, a
 * label is the model's class of that number.
 *
 * @param source the model's file, for messages
 * @throws UserError naming classes that the model does not have, or when the numbers of classes differ and names don't help
 */
export function asModelClasses<D extends Dataset>(dataset: D, names: readonly string[], source: string): D {
  if (!areNamed(dataset.classes)) return asNumberedClasses(dataset, names, source);
  if (!areNamed(names)) {
    if (dataset.classes.length === names.length) return dataset;
    throw new UserError(
      `${dataset.name} has ${dataset.classes.length} classes, but ${source} has ${names.length}, without names: give --classes-file, which names them in order, or --class-map, which numbers the folders`,
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
 * A set whose labels are the model's numbers already, as a class map or archives give them, under the model's names.
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
 * Both parts of a set under the classes of the run that is resumed, whose classes they must be; another order does
 * not matter.
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
    throw new UserError(
      `the run in ${source} cannot be resumed with other classes: ${parts.join(', ')}; train a new run with --pretrained instead`,
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
