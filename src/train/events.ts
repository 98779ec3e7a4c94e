import type { Batch } from '../data/batch.js';
import type { CheckpointKind } from './checkpoints.js';
import type { WatchedMetric } from './earlyStop.js';
import type { Accuracy } from './metrics.js';
import type { Weighting } from './stepResult.js';
import type { ThreadChange } from './threads.js';

/** An epoch's results; accuracies in percent. */
export interface EpochResult {
  /** From 0. */
  readonly epoch: number;
  /** Mean of the training loss. */
  readonly trainLoss: number;
  readonly train: Accuracy;
  readonly test: Accuracy;
  /** Of the averaged weights; absent if none are kept. */
  readonly average?: Accuracy | undefined;
  /** Learning rate of the epoch's last step. */
  readonly learningRate: number;
  /** Training throughput, evaluation and checkpoints excluded. */
  readonly imagesPerSecond: number;
  readonly seconds: number;
  /** Share of the training time in which the engine waited for data, in percent. */
  readonly waitedPercent: number;
  /** Best test top-1 so far, of evaluations with a finite cross-entropy; 0 before there is one. */
  readonly bestTop1: number;
  /**
   * How the loss weighed data points: variances and weights of the epoch's images, or of up to 65,536 spread evenly over it,
   * each in ascending order. Absent where the loss weighs all alike. After a resume within an epoch: of its later steps.
   */
  readonly weighting?: Weighting | undefined;
}

/** What a trainer reports while it runs. */
export type TrainerEvent =
  | {
      readonly event: 'start';
      readonly epochs: number;
      readonly stepsPerEpoch: number;
      readonly trainImages: number;
      readonly testImages: number;
      readonly parameters: number;
      readonly engine: string;
      /** Where the run starts or resumes: 0 and 0 for a new one. */
      readonly epoch: number;
      readonly step: number;
    }
  /** The first batch of a run, or after a resume, as the model takes it; its arrays are only valid during the call. */
  | { readonly event: 'batch'; readonly globalStep: number; readonly batch: Batch }
  | {
      readonly event: 'step';
      readonly epoch: number;
      /** Steps of the epoch that are done. */
      readonly step: number;
      readonly globalStep: number;
      readonly loss: number;
      readonly learningRate: number;
      /** Mean loss and accuracy of the epoch so far. */
      readonly meanLoss: number;
      readonly train: Accuracy;
      readonly imagesPerSecond: number;
    }
  | { readonly event: 'evaluation'; readonly epoch: number; readonly images: number; readonly total: number }
  | ({ readonly event: 'epoch' } & EpochResult)
  /** The run has another number of epochs from here on. */
  | { readonly event: 'length'; readonly epochs: number; readonly before: number }
  /** The engine computes on another number of threads after so many steps. */
  | ({ readonly event: 'threads'; readonly epoch: number; readonly globalStep: number } & ThreadChange)
  | { readonly event: 'checkpoint'; readonly path: string; readonly kind: CheckpointKind }
  | {
      readonly event: 'earlyStop';
      /** Epochs that are done. */
      readonly epoch: number;
      readonly metric: WatchedMetric;
      /** Epochs since the best value of the metric. */
      readonly staleEpochs: number;
    }
  | { readonly event: 'interrupted'; readonly epoch: number; readonly step: number; readonly path: string }
  | ({ readonly event: 'result'; readonly parameters: number; readonly bestTop1: number } & Accuracy);

/**
 * Takes a trainer's events; called in order, never awaited. At the event of a step the next one may be in progress on an engine that
 * runs ahead, but none is at those of checkpoints and epochs.
 */
export type TrainerListener = (event: TrainerEvent) => void;
