import type { NamedInputs } from '../engines/imageBytes.js';
import type { TensorData } from '../graph/tensorType.js';
import { BatchAhead } from './batchAhead.js';
import type { LearnerOptions, LearnerStep } from './learnerOptions.js';
import type { PassCounters } from './passCounters.js';
import type { StepExecutables } from './stepExecutables.js';
import { type LabelledBatch, type StartedStep, type StepResult, stepResultOf } from './stepResult.js';
import type { TrainingState } from './trainingState.js';

/** A learner's steps of one batch each, of which one may be started before the one before it has ended. */
export class WholeSteps {
  private readonly batches: BatchAhead;

  constructor(
    private readonly options: Pick<LearnerOptions, 'engine' | 'batchSize' | 'seed'>,
    private readonly executables: StepExecutables,
    private readonly training: TrainingState,
    private readonly counters: PassCounters,
  ) {
    this.batches = new BatchAhead(options.batchSize);
  }

  /** Gives the engine a step. */
  async start(batch: LabelledBatch, { step, learningRate, next }: LearnerStep): Promise<StartedStep> {
    const { engine, seed = 0 } = this.options;
    const updateInputs = this.training.updateInputs(learningRate);
    const executable = await this.executables.step(step);
    const known = engine.takesAhead && this.executables.isSameStep(step, step + 1) ? next : undefined;
    const { own, ahead } = this.batches.inputsOf(executable, batch, known);
    const inputs: NamedInputs = { ...own, ...updateInputs };
    const result = this.finish(executable.run(inputs, { seed, step }, ahead));
    result.catch(() => undefined);
    // The next one may be started before this one has ended.
    this.count(1);
    return { result };
  }

  private async finish(running: Promise<Record<string, TensorData>>): Promise<StepResult> {
    try {
      return stepResultOf(await running);
    } catch (error) {
      this.count(-1);
      throw error;
    }
  }

  private count(by: 1 | -1): void {
    this.counters.count(by);
    this.training.countStep(by);
  }
}
