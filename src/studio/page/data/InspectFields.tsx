import { useState } from 'preact/hooks';
import { Choice } from '../Choice.jsx';
import { Problem } from '../Problem.jsx';
import { countText } from './texts.js';
import type { useInspection } from './useInspection.js';

/** Parts of a run's data, and what they are to the run. */
const PARTS = [
  ['val', 'evaluated on'],
  ['train', 'trained on'],
  ['test', 'test part'],
] as const;

/** Numbers of images that may be evaluated. */
const COUNTS = ['500', '2000', '10000'].map(
  (count) => [count, Number(count).toLocaleString('en-US')] as const,
);

/** Props of {@link InspectFields}. */
interface InspectFieldsProps {
  /** Runs to choose from. */
  readonly runs: readonly string[];
  readonly inspection: ReturnType<typeof useInspection>;
}

/** The evaluation of a run's model, by which images are ordered. */
export function InspectFields({ runs, inspection }: InspectFieldsProps) {
  const { figures, isWaiting, problem, start, stop } = inspection;
  const [run, setRun] = useState(runs[0] ?? '');
  const [part, setPart] = useState('val');
  const [images, setImages] = useState('2000');
  if (runs.length === 0) return <p>No run with a model was trained on this folder yet.</p>;
  return (
    <>
      <div class="row">
        <Choice label="Model of the run" value={run} options={runs.map((id) => [id, id])} onChoice={setRun} />
        <Choice label="Images that it was" value={part} options={PARTS} onChoice={setPart} />
        <Choice label="At most" value={images} options={COUNTS} onChoice={setImages} />
        {isWaiting ? (
          <button type="button" onClick={stop}>
            Stop
          </button>
        ) : (
          <button type="button" class="first" onClick={() => start({ run, part, images })}>
            Evaluate
          </button>
        )}
      </div>
      <p role="status">
        {isWaiting && 'Evaluating the model …'}
        {figures && `${countText(figures.images.length, 'image')} of ${figures.ofImages} evaluated.`}
      </p>
      <Problem text={problem} />
    </>
  );
}
