import type { DataCheck } from '../../../data/check/checkData.js';
import type { MarkedImages, MarkRequest } from '../../dataApi.js';
import { Problem } from '../Problem.jsx';
import { countText } from './texts.js';
import { useCheck } from './useCheck.js';

/** Files of a kind that are named, at most. */
const MOST_NAMED = 20;

/** Props of {@link CheckCard}. */
interface CheckCardProps {
  readonly folder: string;
  readonly marked: MarkedImages;
  readonly onMark: (request: MarkRequest) => void;
}

/** What `check-data` says of a folder. */
export function CheckCard({ folder, marked, onMark }: CheckCardProps) {
  const { progress, found, problem, start, stop } = useCheck(folder);
  const isMarked = new Set(marked.images.map(({ image }) => image));
  const unmarked = found?.unusable.filter((image) => !isMarked.has(image)) ?? [];
  return (
    <section class="card" aria-labelledby="check">
      <h2 id="check">Check</h2>
      <p class="muted">
        Decodes every image, as <code>biasloss check-data</code> does, without those that are left out.
      </p>
      <div class="row middle">
        {progress ? (
          <button type="button" onClick={stop}>
            Stop
          </button>
        ) : (
          <button type="button" onClick={start}>
            {found ? 'Check again' : 'Check the images'}
          </button>
        )}
        {progress && (
          <>
            <progress aria-label="Images checked" value={progress.done} max={Math.max(1, progress.total)} />
            <span class="muted">
              {progress.total > 0 && `${progress.done} of ${countText(progress.total, 'image')}`}
            </span>
          </>
        )}
      </div>
      <Problem text={problem} />
      <div role="status">{found && <Found check={found} />}</div>
      {unmarked.length > 0 && (
        <button type="button" onClick={() => onMark({ images: unmarked, isMarked: true })}>
          Leave out {countText(unmarked.length, 'unusable file')}
        </button>
      )}
    </section>
  );
}

function Found({ check }: { readonly check: DataCheck }) {
  const { parts, stops, warnings, notes } = check;
  const unusable = parts.flatMap(({ empty, unreadable, foreign }) => [
    ...empty.map((path) => `${path} is empty`),
    ...unreadable.map(({ reason }) => reason),
    ...foreign.map(({ path, format }) => `${path} is of an unsupported format, ${format}`),
  ]);
  const shown = unusable.slice(0, MOST_NAMED);
  const readable = parts.flatMap(({ classes }) => classes).reduce((sum, { count }) => sum + count, 0);
  return (
    <>
      <p class={stops.length + unusable.length > 0 ? 'bad' : 'good'}>
        {countText(readable, 'image')} can be read
        {unusable.length > 0 && `, ${countText(unusable.length, 'file')} cannot`}.
        {stops.length + unusable.length > 0 ? ' Training would fail.' : ' Nothing would stop training.'}
      </p>
      <Sentences title="This would stop training" sentences={[...stops, ...shown]} />
      {unusable.length > MOST_NAMED && <p>… and {unusable.length - MOST_NAMED} more files.</p>}
      <Sentences title="Warnings" sentences={warnings} />
      <Sentences title="Notes" sentences={notes} />
    </>
  );
}

function Sentences(props: { readonly title: string; readonly sentences: readonly string[] }) {
  if (props.sentences.length === 0) return null;
  return (
    <>
      <h3>{props.title}</h3>
      <ul class="sentences">
        {props.sentences.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </>
  );
}
