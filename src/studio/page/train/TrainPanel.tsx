import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { errorMessage } from '../../../errors.js';
import { Heading } from '../Heading.jsx';
import { Problem } from '../Problem.jsx';
import { DataFields, type DataSource, FIRST_SOURCE } from './DataFields.jsx';
import { jobOf } from './jobOf.js';
import { GENERATED_SIZE } from './ownImages.js';
import { PlanFields } from './PlanFields.jsx';
import { FIRST_PLAN, type TrainingPlan } from './plan.js';
import { TrainedView } from './TrainedView.jsx';
import { type Training, useTraining } from './useTraining.js';

/** Props of {@link TrainPanel}. */
interface TrainPanelProps {
  /** Shown in place of the form where models cannot run. */
  readonly missing?: ComponentChildren;
}

/** Trains a model in the page, on images that never leave it. */
export function TrainPanel({ missing }: TrainPanelProps) {
  const training = useTraining();
  const { shown, isRunning, isElsewhere } = training;
  return (
    <>
      <Heading text="Train here" />
      <p>
        A model is trained in this page, with the program of <code>biasloss train</code>. The images stay on
        this machine. The training goes on while the tab is in the background, and can be resumed after it was
        closed.
      </p>
      {missing ?? <TrainForm training={training} />}
      {isElsewhere && (
        <p role="status" class="progress">
          A training runs in another tab of this browser. It can be stopped there; then what it has trained is
          shown here.
        </p>
      )}
      {shown && <TrainedView training={shown} isRunning={isRunning} />}
    </>
  );
}

/** What is trained, and the buttons that start, stop and resume it. */
function TrainForm({ training }: { readonly training: Training }) {
  const { shown, isRunning, isElsewhere, start, resume, stop } = training;
  const [source, setSource] = useState<DataSource>(FIRST_SOURCE);
  const [plan, setPlan] = useState<TrainingPlan>(FIRST_PLAN);
  const [reading, setReading] = useState('');
  const [problem, setProblem] = useState('');
  const begin = async (event: Event): Promise<void> => {
    event.preventDefault();
    setProblem('');
    try {
      start(await jobOf(source, plan, setReading));
    } catch (error) {
      setProblem(errorMessage(error));
    }
    setReading('');
  };
  const fixedSize = source.kind === 'generated' ? GENERATED_SIZE : undefined;
  return (
    <form onSubmit={begin}>
      <DataFields source={source} onSource={setSource} />
      <PlanFields {...{ plan, fixedSize }} onPlan={setPlan} />
      <div class="row">
        <button type="submit" class="first" disabled={isRunning || isElsewhere || reading !== ''}>
          {shown === undefined ? 'Start training' : 'Start a new training'}
        </button>
        <button type="button" disabled={!isRunning || shown?.phase === 'stopping'} onClick={stop}>
          Stop
        </button>
        <button type="button" disabled={shown?.phase !== 'stopped'} onClick={resume}>
          Resume
        </button>
      </div>
      {shown && (
        <p class="muted">
          A new training replaces the one below: download its model first.
          {shown.phase === 'stopped' && ' Resume takes the images and settings that it began with.'}
        </p>
      )}
      <p role="status">{reading}</p>
      <Problem text={problem} />
    </form>
  );
}
