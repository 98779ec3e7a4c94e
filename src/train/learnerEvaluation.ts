import type { Engine, Variables } from '../engines/engine.js';
import type { ImageBytes } from '../engines/imageBytes.js';
import type { Model } from '../models/model.js';
import { Classifier, type Predictions } from './classifier.js';
import type { EvaluationOptions } from './programs.js';

/** The evaluation program of a learner, with the values of the time when it began; one at a time. */
export class LearnerEvaluation {
  private classifier: Promise<Classifier> | undefined;

  constructor(
    private readonly options: { readonly engine: Engine; readonly model: Model; readonly batchSize: number },
  ) {}

  get hasBegun(): boolean {
    return this.classifier !== undefined;
  }

  /** Compiles the program in place of an earlier one. */
  async begin(variables: Variables, also: EvaluationOptions): Promise<void> {
    await this.end();
    const { engine, model, batchSize } = this.options;
    this.classifier = Classifier.ofVariables({ engine, model, batchSize, variables, also });
    await this.classifier;
  }

  /** Outputs for exactly `batchSize` images, which the engine may take over; it must have begun. */
  async predict(images: Float32Array | ImageBytes): Promise<Predictions> {
    return (await this.classifier!).predictBatch(images);
  }

  /** Frees the program, if there is one. */
  async end(): Promise<void> {
    const { classifier } = this;
    this.classifier = undefined;
    if (classifier) await (await classifier).close();
  }
}
