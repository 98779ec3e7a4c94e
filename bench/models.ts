import { UsageError } from '../src/errors.js';
import { createModel } from '../src/models/registry.js';
import type { Workload } from './protocol.js';

/** A model as the benchmark names and sizes it. */
export interface BenchmarkModel {
  /** `shufflenetv2-0.5`: the model's name and, after the dash, its ratio or width. */
  readonly label: string;
  /** Batch where none is asked for: what fits the memory of a small machine. */
  readonly batch: number;
  readonly workload: Pick<Workload, 'model' | 'ratio' | 'width' | 'classes' | 'image_size'>;
}

/** What `--models` is by default: every model of the project, as its paper sizes it. */
export const defaultModels = [
  'resnet18',
  'densenet121',
  'shufflenetv2-0.5',
  'shufflenetv2-1',
  'skipblocknet',
];

const BATCHES: Readonly<Record<string, number>> = { densenet121: 32, skipblocknet: 32 };
const DEFAULT_BATCH = 64;

/**
 * Reads a model's label.
 *
 * @throws UsageError for a model, ratio or width that does not exist
 */
export function parseModel(label: string): BenchmarkModel {
  const match = /^([a-z0-9]+)(?:-(\d+(?:\.\d+)?))?$/.exec(label);
  if (!match)
    throw new UsageError(
      `--models takes names like resnet18 or shufflenetv2-0.5, not ${JSON.stringify(label)}`,
    );
  const model = match[1]!;
  const multiplier = match[2] === undefined ? {} : multiplierOf(model, Number(match[2]));
  const imagenet = model === 'skipblocknet';
  const size = { classes: imagenet ? 1000 : 100, image_size: imagenet ? 224 : 32 };
  createModel({ name: model, classes: size.classes, ...multiplier });
  return { label, batch: BATCHES[model] ?? DEFAULT_BATCH, workload: { model, ...multiplier, ...size } };
}

function multiplierOf(model: string, value: number): { ratio: number } | { width: number } {
  return model === 'skipblocknet' ? { width: value } : { ratio: value };
}
