import type { Executable } from '../engines/engine.js';
import type { NamedInputs } from '../engines/imageBytes.js';
import { expectFiniteImages, hasFiniteImages } from './finite.js';
import { inputsOfBatch, type LabelledBatch } from './stepResult.js';

/** What a run is given of its own batch, and of the next one. */
export interface BatchInputs {
  readonly own: NamedInputs;
  readonly ahead: NamedInputs | undefined;
}

/** Gives batches to programs: the next one, too, while a program computes, if it is known. */
export class BatchAhead {
  private held: { readonly batch: LabelledBatch; readonly executable: Executable } | undefined;

  /** @param batchSize images of a batch */
  constructor(private readonly batchSize: number) {}

  /**
   * Inputs of a run. A batch that the program was given ahead is not given again.
   *
   * @throws UserError when a value of an image is not finite; of the next batch only when it is its turn
   */
  inputsOf(executable: Executable, batch: LabelledBatch, next: LabelledBatch | undefined): BatchInputs {
    const isThere = this.held?.batch === batch && this.held.executable === executable;
    if (!isThere) expectFiniteImages(batch.images, this.batchSize);
    const given = next && hasFiniteImages(next.images) ? next : undefined;
    this.held = given && { batch: given, executable };
    return { own: isThere ? {} : inputsOfBatch(batch), ahead: given && inputsOfBatch(given) };
  }
}
