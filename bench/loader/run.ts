import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine, type EngineChoice } from '../../src/engines/createEngine.js';
import {
  type Batch,
  createModel,
  crossEntropyLoss,
  type Dataset,
  type Engine,
  Learner,
  Loader,
  sgd,
} from '../../src/index.js';
import { families } from '../../src/models/registry.js';
import type { BenchmarkModel } from '../models.js';
import { figure } from '../table.js';
import { type LoaderCase, loaderCases } from './cases.js';
import { trainingImages } from './images.js';
import { rateOf, repeatedTo } from './rate.js';

/** What `bench loader` is told. */
export interface LoaderOptions {
  readonly model: BenchmarkModel;
  /** Heights and widths of the model's images. */
  readonly sizes: readonly number[];
  readonly engine: EngineChoice;
  /** Threads of the engine, and of the loader. */
  readonly threads: number;
  readonly workers: number;
  /** How long each rate is measured. */
  readonly seconds: number;
  /** Images for sizes other than 32. Default: generated JPEG files. */
  readonly data?: string | undefined;
  /** A part of the names of the augmentations to time. */
  readonly only?: string | undefined;
}

/**
 * Times the loader alone, the engine's training steps alone, and both at once, for each augmentation and size; lines of a
 * Markdown table, as they are known. The engine never waits where the last column is near 0.
 */
export async function timeLoader(options: LoaderOptions, print: (line: string) => void): Promise<void> {
  const heading = [
    'size',
    'augmentation',
    'loader images/s',
    'engine images/s',
    'loader ÷ engine',
    'both images/s',
    'engine waits',
  ];
  print(`| ${heading.join(' | ')} |\n|${heading.map((_, i) => (i === 1 ? '---' : '---:')).join('|')}|`);
  const folder = mkdtempSync(join(tmpdir(), 'biasloss-bench-'));
  try {
    for (const size of options.sizes) {
      const images = await trainingImages(size, options.data ?? folder, options.data !== undefined);
      await timeSize(images, size, options, print);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function timeSize(
  images: Dataset,
  size: number,
  options: LoaderOptions,
  print: (line: string) => void,
): Promise<void> {
  const { engine: name, threads, only = '' } = options;
  const engine = await createEngine(name, { threads, precision: 'f32' });
  try {
    const plain = await learnerOf(engine, images, size, options, false);
    const mixed = await learnerOf(engine, images, size, options, true);
    const alone = await engineRate(plain, images, options);
    for (const one of loaderCases.filter((known) => known.name.includes(only))) {
      const learner = one.training.mixing ? mixed : plain;
      const loader = await withLoader(images, learner, one, options, (batches) =>
        rateOf(batches, options.seconds),
      );
      const both = await withLoader(images, learner, one, options, (batches) =>
        rateOf(batches, options.seconds, (batch) => train(learner, batch)),
      );
      const cells = [
        figure(loader.perSecond),
        figure(alone),
        (loader.perSecond / alone).toFixed(2),
        figure(both.perSecond),
        `${(100 * both.waited).toFixed(1)}%`,
      ];
      print(`| ${[String(size), one.name, ...cells].join(' | ')} |`);
    }
  } finally {
    await engine.close();
  }
}

function learnerOf(
  engine: Engine,
  { classes }: Dataset,
  imageSize: number,
  { model: { workload, batch } }: LoaderOptions,
  softTargets: boolean,
): Promise<Learner> {
  const options = families.optionsOf(workload);
  return Learner.create({
    engine,
    model: createModel({ name: workload.model, classes: classes.length, imageSize, ...options }),
    loss: crossEntropyLoss(),
    optimizer: sgd({ momentum: 0.9 }),
    batchSize: batch,
    softTargets,
  });
}

async function train(learner: Learner, { images, labels, targets }: Batch): Promise<void> {
  await learner.step({ images, labels: targets ?? labels }, { learningRate: 0.001, step: 0 });
}

/** Training steps without a loader, on one batch. */
async function engineRate(
  learner: Learner,
  { classes }: Dataset,
  { seconds }: LoaderOptions,
): Promise<number> {
  const { batchSize, model } = learner;
  const images = new Float32Array(model.imagesShape(batchSize).reduce((a, b) => a * b)).fill(0.5);
  const labels = Int32Array.from({ length: batchSize }, (_, i) => i % classes.length);
  async function* same(): AsyncGenerator<Batch> {
    for (;;) yield { images: images.slice(), labels: labels.slice(), count: batchSize };
  }
  const batches = { epoch: same, waitedMs: 0 };
  return (await rateOf(batches, seconds, (batch) => train(learner, batch))).perSecond;
}

async function withLoader<T>(
  images: Dataset,
  { batchSize, model }: Learner,
  { training }: LoaderCase,
  { workers }: LoaderOptions,
  body: (loader: Loader) => Promise<T>,
): Promise<T> {
  const { imageSize } = model.config;
  const repeated = images.kind === 'pixels' ? images : repeatedTo(images, 64 * batchSize);
  const loader = new Loader(repeated, { batchSize, imageSize, workers, training: { seed: 0, ...training } });
  try {
    return await body(loader);
  } finally {
    await loader.close();
  }
}
