import { useEffect, useState } from 'preact/hooks';
import type { ImagePage, InspectionFigures, MarkedImages } from '../../dataApi.js';
import { askImages } from './dataCalls.js';
import type { ShownImage } from './ImageTile.jsx';
import { type Order, ordered, type Shown } from './ordering.js';

/** Images of a page. */
export const PAGE_SIZE = 60;

/** Which images of a folder are shown, and in which order. */
export interface ImageChoice {
  readonly folder: string;
  readonly part: string;
  /** The class; empty: all. */
  readonly only: string;
  readonly order: Order;
  readonly shown: Shown;
  /** From 0. */
  readonly page: number;
  readonly marked: MarkedImages;
  /** What a model says, by which all orders but that by name are made. */
  readonly figures: InspectionFigures | undefined;
}

/** The images of a page, and how many there are in all. */
export interface ShownImages {
  readonly images: readonly ShownImage[];
  readonly count: number;
  /** Why they cannot be shown, in a sentence; empty if nothing went wrong. */
  readonly problem: string;
}

/** The images that are chosen; undefined until the studio has answered. */
export function useShownImages(choice: ImageChoice): ShownImages | undefined {
  const { folder, part, only, order, shown, page } = choice;
  const isListed = order === 'name' && shown === 'all';
  const [listed, setListed] = useState<ImagePage | string>();
  useEffect(() => {
    if (!isListed) return undefined;
    // The last page stays until the next is there, so that the focus and the place on the screen stay, too.
    const leaving = new AbortController();
    askImages({ folder, part, class: only, from: page * PAGE_SIZE, count: PAGE_SIZE }, leaving.signal).then(
      setListed,
      (error: Error) => {
        if (!leaving.signal.aborted) setListed(error.message);
      },
    );
    return () => leaving.abort();
  }, [isListed, folder, part, only, page]);
  if (!isListed) {
    const all = chosenImages(choice);
    const from = page * PAGE_SIZE;
    return { images: all.slice(from, from + PAGE_SIZE), count: all.length, problem: '' };
  }
  if (typeof listed === 'string') return { images: [], count: 0, problem: listed };
  return listed && { images: listed.images, count: listed.ofImages, problem: '' };
}

/** Images that the page knows by itself: marked ones and those that a model has seen. */
function chosenImages({ order, shown, only, marked, figures }: ImageChoice): ShownImage[] {
  const isChosen = (image: ShownImage): boolean => only === '' || image.class === only;
  if (shown === 'marked' && order === 'name') {
    const judged = new Map(figures?.images.map((image) => [image.image, image]));
    return marked.images.map((each) => ({ ...each, judged: judged.get(each.image) })).filter(isChosen);
  }
  const isMarked = new Set(marked.images.map(({ image }) => image));
  const some = (figures?.images ?? []).filter(
    ({ image, isLabelError, group }) =>
      shown === 'all' ||
      (shown === 'marked' && isMarked.has(image)) ||
      (shown === 'errors' && isLabelError) ||
      (shown === 'duplicates' && group > 0),
  );
  return ordered(some, order, shown === 'duplicates')
    .map((judged) => ({ image: judged.image, class: judged.label, judged }))
    .filter(isChosen);
}
