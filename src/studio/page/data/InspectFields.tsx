import { Choice } from '../Choice.jsx';
import { Problem } from '../Problem.jsx';
import { countText } from './texts.js';
import type { ChosenInspection } from './useInspection.js';

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
  readonly inspection: ChosenInspection;
}

/** The evaluation of a run's model, by which images are ordered. */
export function InspectFields({ runs, inspection }: InspectFieldsProps) {
  const { figures, at, isWaiting, problem, choice, choose, start, stop } = inspection;
  if (runs.length === 0) return <p>No run with a model was trained on this folder yet.</p>;
  return (
    <>
      <div class="row">
        <Choice
          label="Model of the run"
          value={choice.run}
          options={runs.map((id) => [id, id])}
          onChoice={(run) => choose({ ...choice, run })}
        />
        <Choice
          label="Images that it was"
          value={choice.part}
          options={PARTS}
          onChoice={(part) => choose({ ...choice, part })}
        />
        <Choice
          label="At most"
          value={choice.images}
          options={COUNTS}
          onChoice={(images) => choose({ ...choice, images })}
        />
        {isWaiting ? (
          <button type="button" onClick={stop}>
            Stop
          </button>
        ) : (
          <button type="button" class="first" onClick={start}>
            {figures ? 'Evaluate again' : 'Evaluate'}
          </button>
        )}
      </div>
      <p role="status">
        {isWaiting && 'Evaluating the model …'}
        {figures &&
          `${countText(figures.images.length, 'image')} of ${figures.ofImages} evaluated at ${at?.toLocaleTimeString()}.`}
      </p>
      <Problem text={problem} />
    </>
  );
}
