import type { Model } from '../../src/models/model.js';
import { createModel, families } from '../../src/models/registry.js';
import type { BenchmarkModel } from '../models.js';
import type { Precision } from '../protocol.js';

/** What a step is: forward, bias loss, backward and SGD, or a forward pass of the frozen model. */
export type CudaMode = 'train' | 'eval';

/** A step to be timed. */
export interface CudaWorkload {
  readonly label: string;
  readonly model: Model;
  readonly batch: number;
  readonly mode: CudaMode;
  readonly precision: Precision;
}

/** Above this size a model's images have a batch size of their own. */
const SMALL_IMAGE = 64;

/** Which steps are to be timed. */
export interface WorkloadOptions {
  readonly models: readonly BenchmarkModel[];
  readonly batches: readonly number[];
  /** Batch of images of more than 64 pixels. */
  readonly largeBatch: number;
  readonly modes: readonly CudaMode[];
  readonly precision: readonly Precision[];
}

/** All steps that options ask for, training first. */
export function workloadsOf(options: WorkloadOptions): CudaWorkload[] {
  const { models, batches, largeBatch, modes, precision: precisions } = options;
  return modes.flatMap((mode) =>
    precisions.flatMap((precision) =>
      models.flatMap((one) => {
        const model = modelOf(one);
        const sizes = model.config.imageSize > SMALL_IMAGE ? [largeBatch] : batches;
        return sizes.map((batch) => ({ label: one.label, model, batch, mode, precision }));
      }),
    ),
  );
}

function modelOf({ workload }: BenchmarkModel): Model {
  const { model: name, classes, image_size: imageSize } = workload;
  return createModel({ name, classes, imageSize, ...families.optionsOf(workload) });
}

/** `resnet18/128/train/bf16` */
export function nameOf({ label, batch, mode, precision }: Omit<CudaWorkload, 'model'>): string {
  return [label, batch, mode, precision].join('/');
}
