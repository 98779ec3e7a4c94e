import { useState } from 'preact/hooks';
import type { StudioInfo } from '../../api.js';
import type { MarkedImages } from '../../dataApi.js';
import { StartDialog } from '../runs/StartDialog.jsx';
import { countText } from './texts.js';

/** Props of {@link MarkedCard}. */
interface MarkedCardProps {
  readonly info: StudioInfo;
  readonly folder: string;
  readonly marked: MarkedImages;
  /** Reads the list and the folder again. */
  readonly onReload: () => void;
}

/** The images that are left out, and how to train without them. */
export function MarkedCard({ info, folder, marked, onReload }: MarkedCardProps) {
  const { list, images, notes } = marked;
  const [isStarting, setStarting] = useState(false);
  const settings = { data: 'imagefolder', dataPath: folder, ...(images.length > 0 && { exclude: list }) };
  return (
    <section class="card" aria-labelledby="marked">
      <h2 id="marked">Left out</h2>
      <p role="status">
        {images.length === 0
          ? 'No image is left out. Mark those that training should not see.'
          : `${countText(images.length, 'image')} left out.`}
      </p>
      {images.length > 0 && (
        <p class="muted">
          They are on the list <code>{list}</code>, one a line, which <code>train</code> and{' '}
          <code>check-data</code> take as <code>--exclude</code>. It may be edited.
        </p>
      )}
      {notes.map((note) => (
        <p key={note} class="bad">
          {note}.
        </p>
      ))}
      <div class="row">
        <button type="button" onClick={() => setStarting(true)}>
          {images.length === 0 ? 'Train on this folder' : 'Train without them'}
        </button>
        <button type="button" onClick={onReload}>
          Look at the folder again
        </button>
      </div>
      {isStarting && <StartDialog info={info} copied={settings} onClose={() => setStarting(false)} />}
    </section>
  );
}
