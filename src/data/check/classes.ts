import type { SeenImage } from './duplicates.js';
import type { DataReport } from './report.js';

/** Training images that a class should have at least. */
const FEW = 10;
/** The largest class may have this many times the images of the smallest. */
const UNEQUAL = 10;

/**
 * What is wrong with the classes of a set and their numbers of images.
 *
 * @param set `isSplit`: whether the data has no parts and will be split; `isNumbered`: whether its classes are the numbers up to the
 * greatest in archives, which train whether or not there are images of each
 */
export function classFindings(
  parts: readonly DataReport[],
  seen: readonly SeenImage[],
  { isSplit, isNumbered }: { readonly isSplit: boolean; readonly isNumbered: boolean },
): { readonly stops: string[]; readonly warnings: string[] } {
  const [train, ...others] = parts;
  const names = train!.classes.map(({ name }) => name);
  const empty = train!.classes.filter(({ count }) => count === 0).map(({ name }) => name);
  const extra = others.flatMap(({ folder, classes }) =>
    classes
      .filter(({ name }) => !names.includes(name))
      .map(({ name }) => `${folder} has the class ${name}, which the training part does not have`),
  );
  const stops = [
    ...(names.length < 2 ? [`training needs 2 classes or more, not ${names.length}`] : []),
    ...(isNumbered ? [] : empty.map((name) => `class ${name} has no images: remove the folder`)),
    ...extra,
  ];
  const counts = (part: 'train' | 'other'): Map<string, number> => {
    const result = new Map(names.filter((name) => !empty.includes(name)).map((name) => [name, 0]));
    for (const { class: name, part: own } of seen)
      if ((own === 'train') === (part === 'train') && result.has(name))
        result.set(name, result.get(name)! + 1);
    return result;
  };
  const training = counts('train');
  const isTested = isSplit || others.length > 0;
  return {
    stops,
    warnings: [
      ...(isNumbered ? unused(empty, names) : []),
      ...few(training),
      ...unequal(training),
      ...(isTested ? untested(counts('other'), isSplit) : []),
    ],
  };
}

/** Numbers without images below the greatest. */
function unused(empty: readonly string[], names: readonly string[]): string[] {
  const [first] = empty;
  if (first === undefined) return [];
  if (empty.length === 1 && first === names[0])
    return [`${first} has no images, and the model learns an output for nothing: labels count from 0`];
  const which =
    empty.length === 1
      ? `${first} has`
      : `${empty.length} of ${names.length} classes, such as ${first}, have`;
  return [`${which} no images below the greatest label, ${names.length - 1}`];
}

function few(training: ReadonlyMap<string, number>): string[] {
  const those = [...training].filter(([, count]) => count < FEW);
  if (those.length === 0) return [];
  const [[name, count]] = those as [[string, number]];
  if (those.length === 1)
    return [`class ${name} has only ${count} ${count === 1 ? 'image' : 'images'} to train on`];
  return [`${those.length} classes have fewer than ${FEW} images to train on, such as ${name} with ${count}`];
}

function unequal(training: ReadonlyMap<string, number>): string[] {
  const sorted = [...training].filter(([, count]) => count > 0).sort((a, b) => a[1] - b[1]);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (!least || !most || most[1] < UNEQUAL * least[1]) return [];
  return [
    `classes are of very unequal size: ${most[0]} has ${most[1]} images to train on, ${least[0]} has ${least[1]}`,
  ];
}

function untested(testing: ReadonlyMap<string, number>, isSplit: boolean): string[] {
  const those = [...testing].filter(([, count]) => count === 0).map(([name]) => name);
  if (those.length === 0) return [];
  const which =
    those.length === 1 ? `class ${those[0]} has` : `${those.length} classes, such as ${those[0]}, have`;
  return [
    `${which} no images to validate on${isSplit ? ': split with another seed or a larger validation share' : ''}`,
  ];
}
