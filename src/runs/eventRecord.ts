import type { TrainerEvent } from '../train/events.js';

/** An event as plain data with names in snake case, for JSON lines; undefined for events that are too many to log. */
export type EventRecord = Readonly<Record<string, string | number>>;

/**
 * The record of an event: `start`, `epoch`, `checkpoint`, `interrupted` and `result`; steps and
 * evaluation batches have none. Accuracies are in percent.
 */
export function eventRecord(event: TrainerEvent): EventRecord | undefined {
  switch (event.event) {
    case 'step':
    case 'evaluation':
      return undefined;
    case 'checkpoint':
      return { event: 'checkpoint', kind: event.kind, path: event.path };
    case 'interrupted':
      return { event: 'interrupted', epoch: event.epoch, step: event.step, path: event.path };
    case 'start':
      return startRecord(event);
    case 'epoch':
      return epochRecord(event);
    case 'result': {
      const { top1, top5, bestTop1, parameters, images } = event;
      return { event: 'result', top1, top5, best_top1: bestTop1, parameters, images };
    }
  }
}

type EventOf<Kind extends TrainerEvent['event']> = Extract<TrainerEvent, { event: Kind }>;

function startRecord(event: EventOf<'start'>): EventRecord {
  return {
    event: 'start',
    engine: event.engine,
    parameters: event.parameters,
    train_images: event.trainImages,
    test_images: event.testImages,
    epochs: event.epochs,
    steps_per_epoch: event.stepsPerEpoch,
    epoch: event.epoch,
    step: event.step,
  };
}

function epochRecord(event: EventOf<'epoch'>): EventRecord {
  return {
    event: 'epoch',
    epoch: event.epoch,
    train_loss: event.trainLoss,
    train_top1: event.train.top1,
    train_top5: event.train.top5,
    test_loss: event.test.crossEntropy,
    test_top1: event.test.top1,
    test_top5: event.test.top5,
    best_top1: event.bestTop1,
    learning_rate: event.learningRate,
    images_per_second: event.imagesPerSecond,
    seconds: event.seconds,
    waited_percent: event.waitedPercent,
  };
}

/** A record as a line of JSON. Fractions are rounded to seven digits. */
export function jsonLine(record: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(record, (_, item: unknown) =>
    typeof item === 'number' && !Number.isInteger(item) ? Number(item.toPrecision(7)) : item,
  );
}
