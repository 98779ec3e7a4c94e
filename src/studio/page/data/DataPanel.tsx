import { useEffect, useState } from 'preact/hooks';
import type { StudioInfo } from '../../api.js';
import type { DataFolder } from '../../dataApi.js';
import { Choice } from '../Choice.jsx';
import { hasToken } from '../client.js';
import { Heading } from '../Heading.jsx';
import { Problem } from '../Problem.jsx';
import { panelAddress } from '../route.js';
import { askFolders } from './dataCalls.js';
import { FolderView } from './FolderView.jsx';

/** Props of {@link DataPanel}. */
interface DataPanelProps {
  readonly info: StudioInfo;
  /** The folder that is shown; empty: the first. */
  readonly folder: string;
}

/** Folders of images: what is in them, what is wrong with them, and which images to leave out. */
export function DataPanel({ info, folder }: DataPanelProps) {
  const [folders, setFolders] = useState<readonly DataFolder[]>();
  const [problem, setProblem] = useState('');
  useEffect(() => {
    if (hasToken()) askFolders().then(setFolders, (error: Error) => setProblem(error.message));
  }, []);
  const shown = folder === '' ? (folders?.[0]?.folder ?? '') : folder;
  return (
    <>
      <Heading text="Data" />
      {!hasToken() && (
        <p class="muted">To look at data, open the whole address that the studio printed, with its token.</p>
      )}
      <Problem text={problem} />
      {folders?.length === 0 && (
        <p>
          No run was trained on a folder of images. To look at a folder before training, start the studio with{' '}
          <code>--data DIR</code>.
        </p>
      )}
      {folders && shown !== '' && <ChosenFolder info={info} folders={folders} shown={shown} />}
      {folders && <OtherData />}
    </>
  );
}

/** Where the images of other runs are shown. */
function OtherData() {
  return (
    <p class="muted">
      CIFAR and archives (<code>webdataset</code>) are not shown here: their images are not files of their
      own, so that no list can leave them out. A run’s report shows those that matter, and{' '}
      <a href="#/loss">Bias loss</a> shows them by variance.
    </p>
  );
}

interface ChosenFolderProps {
  readonly info: StudioInfo;
  readonly folders: readonly DataFolder[];
  readonly shown: string;
}

function ChosenFolder({ info, folders, shown }: ChosenFolderProps) {
  const paths = [...new Set([shown, ...folders.map(({ folder }) => folder)])];
  const runs = folders.find(({ folder }) => folder === shown)?.runs ?? [];
  return (
    <>
      <div class="row">
        <Choice
          label="Folder"
          value={shown}
          options={paths.map((path) => [path, path])}
          onChoice={(path) => location.assign(panelAddress('data', path))}
        />
      </div>
      <FolderView key={shown} info={info} folder={shown} runs={runs} />
    </>
  );
}
