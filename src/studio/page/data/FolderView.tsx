import { useState } from 'preact/hooks';
import type { StudioInfo } from '../../api.js';
import type { DataPart } from '../../dataApi.js';
import { Problem } from '../Problem.jsx';
import { CheckCard } from './CheckCard.jsx';
import { ClassTable } from './ClassTable.jsx';
import { Gallery } from './Gallery.jsx';
import { MarkedCard } from './MarkedCard.jsx';
import { countText } from './texts.js';
import { useDataFolder } from './useDataFolder.js';

/** Props of {@link FolderView}. */
interface FolderViewProps {
  readonly info: StudioInfo;
  readonly folder: string;
  /** Runs that were trained on it, the newest first. */
  readonly runs: readonly string[];
}

/** One folder of images. */
export function FolderView({ info, folder, runs }: FolderViewProps) {
  const { overview, problem, reload, mark } = useDataFolder(folder);
  const [only, setOnly] = useState('');
  return (
    <>
      <p role="status">{overview ? inWords(overview.parts) : problem === '' && 'Looking at the folder …'}</p>
      <Problem text={problem} />
      {overview && (
        <>
          <div class="grid">
            <ClassTable parts={overview.parts} only={only} onOnly={setOnly} />
            <div>
              <CheckCard folder={folder} marked={overview.marked} onMark={mark} />
              <MarkedCard info={info} folder={folder} marked={overview.marked} onReload={reload} />
            </div>
          </div>
          <Gallery
            folder={folder}
            runs={runs}
            overview={overview}
            only={only}
            onOnly={setOnly}
            onMark={mark}
          />
        </>
      )}
      {!overview && problem !== '' && (
        <button type="button" onClick={reload}>
          Look again
        </button>
      )}
    </>
  );
}

function inWords(parts: readonly DataPart[]): string {
  const texts = parts.map(({ part, classes }) => {
    const images = classes.reduce((sum, each) => sum + each.images, 0);
    const where = parts.length === 1 ? '' : `${part}: `;
    return `${where}${countText(images, 'image')} in ${countText(classes.length, 'class', 'classes')}`;
  });
  return `${texts.join(', ')}.`;
}
