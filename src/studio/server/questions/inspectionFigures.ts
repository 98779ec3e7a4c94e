import type { PartName } from '../../../data/folders/partNames.js';
import { inspectRun } from '../../../report/inspect/inspectRun.js';
import type { InspectionFigures } from '../../dataApi.js';

/**
 * What `inspect` says of each image of a part of a run's data, the greatest loss first.
 *
 * @param limit images looked at; of a larger part, an even sample of this size
 * @throws UserError when the checkpoint or the data is missing or damaged, or they do not fit
 * @throws UsageError when the run's images are not files
 */
export async function inspectionFigures(
  folder: string,
  part: PartName,
  limit: number,
): Promise<InspectionFigures> {
  const inspection = await inspectRun(folder, { part, limit, most: limit, needsFiles: true });
  const errors = new Set(inspection.labelErrors.map(({ image }) => image));
  const groups = new Map(
    inspection.nearDuplicates.flatMap((images, i) => images.map(({ image }) => [image, i + 1] as const)),
  );
  return {
    images: inspection.greatestLoss.map((image) => ({
      ...image,
      isLabelError: errors.has(image.image),
      group: groups.get(image.image) ?? 0,
    })),
    ofImages: inspection.ofImages,
  };
}
