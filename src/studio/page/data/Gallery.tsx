import { useState } from 'preact/hooks';
import type { DataOverview, MarkRequest } from '../../dataApi.js';
import { Problem } from '../Problem.jsx';
import { type GalleryChoice, GalleryFields } from './GalleryFields.jsx';
import { ImageTile } from './ImageTile.jsx';
import { InspectFields } from './InspectFields.jsx';
import { Pager } from './Pager.jsx';
import { useInspection } from './useInspection.js';
import { useKept } from './useKept.js';
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

/** What was chosen last, by folder. */
const choices = new Map<string, GalleryChoice>();

/** The images of a folder, page by page, each with a box that leaves it out. */
export function Gallery({ folder, runs, overview, only, onOnly, onMark }: GalleryProps) {
  const { parts, marked } = overview;
  const first = { part: parts[0]!.part, order: 'name', shown: 'all' } as const;
  const [choice, setChoice] = useKept<GalleryChoice>(choices, folder, first);
  const inspection = useInspection(folder, runs);
  const { figures } = inspection;
  // Another choice begins with its first page.
  const chosen = JSON.stringify([choice, only, inspection.choice, figures?.ofImages]);
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
