import type { WasmPaths } from '../../../engines/onnx/web/wasmFiles.js';
import type { TrainerOutcome } from '../../../train/trainer.js';
import type { EpochFigures, TrainingNews } from './news.js';
import type { TrainingJob } from './plan.js';

/** A training for the worker. */
export interface TrainingRequest {
  readonly job: TrainingJob;
  /** URLs of onnxruntime-web's files. */
  readonly runtime: WasmPaths;
  /** Where to resume; absent: the training is new. */
  readonly from?: { readonly bytes: Uint8Array; readonly epochs: readonly EpochFigures[] } | undefined;
}

/** Calls from the page to the worker that trains. */
export interface TrainingCalls {
  /** Trains to the end, or until it is stopped. */
  run(args: TrainingRequest): TrainerOutcome;
  /** News since the last call; waits for some. */
  news(args: undefined): TrainingNews[];
  /** Ends the training after the current step, with a checkpoint. */
  stop(args: undefined): void;
}
