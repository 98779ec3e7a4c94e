import { IMAGENET_NORMALISATION, type Normalisation } from '../data/dataset.js';
import { readClassMap } from '../data/folders/classMap.js';
import type { WeightsFile } from '../train/weights.js';

/** Names of a file's classes: of the class map, else what the file says, else their numbers. */
export function classNamesOf({ info }: WeightsFile, classMap: string | undefined, classes: number): string[] {
  const map = classMap === undefined ? undefined : readClassMap(classMap);
  const folders = new Map([...(map?.labels ?? [])].map(([folder, label]) => [label, folder]));
  return Array.from(
    { length: classes },
    (_, i) => map?.names.get(i) ?? folders.get(i) ?? info?.data.classes[i] ?? `class ${i}`,
  );
}

/** Mean and deviation that a file's model was trained with; ImageNet's where the file does not say. */
export function normalisationOf({ info }: WeightsFile): Normalisation {
  if (!info) return IMAGENET_NORMALISATION;
  return { mean: info.data.mean, std: info.data.std };
}
