import { canBeListed, exclusionLine } from '../../data/folders/exclusions.js';
import { oneLine } from '../../formats/quote.js';
import { csvTable } from '../../runs/csvTable.js';
import type { InspectedImage, Inspection } from './inspectRun.js';

const COLUMNS = [
  'finding',
  'image',
  'class',
  'predicted',
  'class_probability',
  'probability',
  'loss',
  'variance',
  'group',
] as const;

/** What was found as CSV: a row per finding, so that an image may have several; near-duplicates of each other have the same group. */
export function inspectionCsv(inspection: Inspection): string {
  const { labelErrors, nearDuplicates, leastVariance, greatestLoss } = inspection;
  const rows = (finding: string, images: readonly InspectedImage[], group: number | '' = '') =>
    images.map(({ image, label, predicted, labelProbability, probability, loss, variance }) => [
      finding,
      image,
      label,
      predicted,
      labelProbability,
      probability,
      loss,
      variance,
      group,
    ]);
  return csvTable(COLUMNS, [
    ...rows('label error', labelErrors),
    ...nearDuplicates.flatMap((group, i) => rows('near-duplicate', group, i + 1)),
    ...rows('least variance', leastVariance),
    ...rows('greatest loss', greatestLoss),
  ]);
}

/** The line for an image, or a comment where no line can name it. */
function entryOf(image: string): string {
  return canBeListed(image)
    ? exclusionLine(image)
    : `# to be renamed before it can be left out: ${oneLine(image)}`;
}

/**
 * An exclusion list: likely label errors are on it, each after a comment that says why, and near-duplicates are comments, of which one
 * may be put on it by removing its #.
 */
export function exclusionList({ checkpoint, labelErrors, nearDuplicates }: Inspection): string {
  const percent = (share: number): string => `${Math.round(100 * share)}%`;
  const errors = labelErrors.flatMap(({ image, label, predicted, probability }) => [
    `# labelled ${oneLine(label)}, likely ${oneLine(predicted)} (${percent(probability)})`,
    entryOf(image),
  ]);
  const copies = nearDuplicates.flatMap(([first, ...others]) => [
    `# like ${oneLine(first!.image)}:`,
    ...others.map(({ image }) => `# ${entryOf(image)}`),
  ]);
  return [
    `# Likely label errors by ${checkpoint}. Look at each image, and remove those that are labelled rightly from this list.`,
    ...errors,
    ...(copies.length > 0
      ? ['# Near-duplicates: remove the # before the images to leave out.', ...copies]
      : []),
  ].join('\n');
}
