import { useState } from 'preact/hooks';
import type { DataOverview, MarkRequest } from '../../dataApi.js';
import { Problem } from '../Problem.jsx';
import { type GalleryChoice, GalleryFields } from './GalleryFields.jsx';
import { ImageTile } from './ImageTile.jsx';
import { InspectFields } from './InspectFields.jsx';
import { Pager } from './Pager.jsx';
import { useInspection } from './useInspection.js';
import { PAGE_SIZE, useShownImages } from './useShownImages.js';

/** Props of {@link Gallery}. */
interface GalleryProps {
  readonly folder: string;
  /** Runs that were trained on it. */
  readonly runs: readonly string[];
  readonly overview: DataOverview;
  /** The class whose images are shown; empty: all. */
  readonly only: string;
  readonly onOnly: (name: string) => void;
  readonly onMark: (request: MarkRequest) => void;
}

/** The images of a folder, page by page, each with a box that leaves it out. */
export function Gallery({ folder, runs, overview, only, onOnly, onMark }: GalleryProps) {
  const { parts, marked } = overview;
  const [choice, setChoice] = useState<GalleryChoice>({ part: parts[0]!.part, order: 'name', shown: 'all' });
  const inspection = useInspection();
  const { figures } = inspection;
  // Another choice begins with its first page.
  const chosen = JSON.stringify([choice, only, figures?.ofImages]);
  const [place, setPlace] = useState({ chosen, page: 0 });
  const page = place.chosen === chosen ? place.page : 0;
  const found = useShownImages({ ...choice, folder, only, page, marked, figures });
  const isMarked = new Set(marked.images.map(({ image }) => image));
  const needsModel = choice.order !== 'name' || choice.shown === 'errors' || choice.shown === 'duplicates';
  const pager = found && (
    <Pager page={page} size={PAGE_SIZE} count={found.count} onPage={(to) => setPlace({ chosen, page: to })} />
  );
  return (
    <section class="card" aria-labelledby="images">
      <h2 id="images">Images</h2>
      <GalleryFields
        {...{ overview, choice, only, onOnly }}
        hasParts={!needsModel && choice.shown === 'all'}
        onChoice={setChoice}
      />
      {needsModel && <InspectFields runs={runs} inspection={inspection} />}
      <Problem text={found?.problem ?? ''} />
      {(!needsModel || figures) && pager}
      <ol class="images tiles" aria-label="Images">
        {found?.images.map((each) => (
          <ImageTile
            key={each.image}
            {...{ folder, onMark }}
            shown={each}
            isMarked={isMarked.has(each.image)}
          />
        ))}
      </ol>
      {found && found.count > PAGE_SIZE / 2 && pager}
    </section>
  );
}
