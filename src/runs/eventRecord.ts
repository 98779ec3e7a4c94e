import type { WatchedMetric } from '../train/earlyStop.js';
import type { TrainerEvent } from '../train/events.js';
import { AVERAGED_COLUMNS, METRIC_COLUMNS } from './csvLog.js';

/** Columns of what early stopping can watch. */
const WATCHED_COLUMNS: Readonly<Record<WatchedMetric, string>> = {
  top1: 'test_top1',
  'cross-entropy': 'test_cross_entropy',
  'ema-top1': 'ema_top1',
};

/** An event as plain data with names in snake case, for JSON lines; undefined for events that are too frequent to log. */
export type EventRecord = Readonly<Record<string, string | number>>;

/**
 * The record of an event: `start`, `epoch`, `length`, `threads`, `checkpoint`, `interrupted` and `result`; batches and steps
 * have none. Accuracies are in percent, epochs are numbered from 1, and figures are called as in `metrics.csv`.
 */
export function eventRecord(event: TrainerEvent): EventRecord | undefined {
  switch (event.event) {
    case 'batch':
    case 'step':
    case 'evaluation':
      return undefined;
    case 'checkpoint':
      return { event: 'checkpoint', kind: event.kind, path: event.path };
    case 'length':
      return { event: 'length', epochs: event.epochs, before: event.before };
    case 'threads':
      return threadsRecord(event);
    case 'interrupted':
      return { event: 'interrupted', epoch: event.epoch + 1, step: event.step, path: event.path };
    case 'earlyStop':
      return {
        event: 'early_stop',
        epochs: event.epoch,
        metric: WATCHED_COLUMNS[event.metric],
        stale_epochs: event.staleEpochs,
      };
    case 'start':
      return startRecord(event);
    case 'epoch':
      return {
        event: 'epoch',
        ...Object.fromEntries(
          (event.average ? AVERAGED_COLUMNS : METRIC_COLUMNS).map(([name, value]) => [name, value(event)]),
        ),
        ...notFiniteRecord('test_not_finite', event.test.notFinite),
        ...notFiniteRecord('ema_not_finite', event.average?.notFinite),
      };
    case 'result': {
      const { top1, top5, crossEntropy, bestTop1, parameters, images, notFinite } = event;
      return {
        event: 'result',
        top1,
        top5,
        cross_entropy: crossEntropy,
        best_top1: bestTop1,
        parameters,
        images,
        ...notFiniteRecord('not_finite', notFinite),
      };
    }
  }
}

/** Images whose logits gave no finite cross-entropy, under a name; nothing where there are none. */
export function notFiniteRecord(name: string, images: number | undefined): EventRecord {
  return images === undefined ? {} : { [name]: images };
}

/**
 * The record `progress` within an epoch: the epoch's means so far, or the images tested so far; undefined for other
 * events.
 */
export function progressRecord(event: TrainerEvent): EventRecord | undefined {
  if (event.event === 'evaluation')
    return {
      event: 'progress',
      phase: 'test',
      epoch: event.epoch + 1,
      images: event.images,
      of_images: event.total,
    };
  if (event.event !== 'step') return undefined;
  return {
    event: 'progress',
    phase: 'train',
    epoch: event.epoch + 1,
    step: event.step,
    train_loss: event.meanLoss,
    train_cross_entropy: event.train.crossEntropy,
    train_top1: event.train.top1,
    train_top5: event.train.top5,
    learning_rate: event.learningRate,
    images_per_second: event.imagesPerSecond,
  };
}

function startRecord(event: Extract<TrainerEvent, { event: 'start' }>): EventRecord {
  return {
    event: 'start',
    engine: event.engine,
    parameters: event.parameters,
    train_images: event.trainImages,
    test_images: event.testImages,
    epochs: event.epochs,
    steps_per_epoch: event.stepsPerEpoch,
    epoch: event.epoch + 1,
    step: event.step,
  };
}

function threadsRecord(event: Extract<TrainerEvent, { event: 'threads' }>): EventRecord {
  const { globalStep, threads, before, reason, others } = event;
  return {
    event: 'threads',
    after_step: globalStep,
    threads,
    before,
    reason,
    ...(others !== undefined && { others_percent: others }),
  };
}

/** A record as a line of JSON. Fractions are rounded to seven digits. */
export function jsonLine(record: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(record, (_, item: unknown) =>
    typeof item === 'number' && !Number.isInteger(item) ? Number(item.toPrecision(7)) : item,
  );
}
