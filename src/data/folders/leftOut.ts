/** Why a file or folder is not part of a data set. */
export type LeftOutReason = 'system' | 'noImage' | 'noClass' | 'excluded' | 'beside';

/** A file or folder that is not part of a data set. */
export interface LeftOut {
  readonly path: string;
  readonly reason: LeftOutReason;
}

/** Text for a reason: singular and plural. */
const REASONS: Readonly<Record<LeftOutReason, readonly [one: string, several: string]>> = {
  system: ['hidden or system file', 'hidden or system files'],
  noImage: ['file that is not an image', 'files that are not images'],
  noClass: ['image outside class folders', 'images outside class folders'],
  excluded: ['image on the exclusion list', 'images on the exclusion list'],
  beside: ['folder or archive beside the parts', 'folders or archives beside the parts'],
};

/**
 * Counts by reason, with an example of each: `2 files that are not images (such as a/notes.txt)`.
 *
 * @param name gives the displayed name of a path
 */
export function describeLeftOut(items: readonly LeftOut[], name: (path: string) => string): string[] {
  return (Object.keys(REASONS) as LeftOutReason[]).flatMap((reason) => {
    const those = items.filter((item) => item.reason === reason);
    if (those.length === 0) return [];
    const [one, several] = REASONS[reason];
    const example = name(those[0]!.path);
    return those.length === 1
      ? [`1 ${one} (${example})`]
      : [`${those.length.toLocaleString('en-US')} ${several} (such as ${example})`];
  });
}
