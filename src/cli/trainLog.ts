import { type EventRecord, eventRecord, progressRecord } from '../runs/eventRecord.js';
import { changeText } from '../runs/threads/threadsText.js';
import type { TrainerEvent, TrainerListener } from '../train/events.js';
import {
  formatAccuracy,
  formatCount,
  formatDuration,
  formatPercent,
  type LogFormat,
  notFiniteText,
  printJson,
  printLine,
  printNotice,
} from './output.js';
import { ProgressLine } from './progressLine.js';
import { TimeLeft } from './timeLeft.js';

type EventOf<Kind extends TrainerEvent['event']> = Extract<TrainerEvent, { event: Kind }>;

/** Milliseconds between records of progress within an epoch. */
const PROGRESS_INTERVAL = 1000;

/**
 * Prints a run's events in a format.
 *
 * @param classes of the data; top-5 of five or fewer is always 100% and not shown
 */
export function trainLog(format: LogFormat, classes: number): TrainerListener {
  return format === 'text' ? textLog(classes) : jsonLog(printJson);
}

/** Records of events, and once a second one of the progress within an epoch, however short epochs are. */
export function jsonLog(
  print: (record: EventRecord) => void,
  now: () => number = () => performance.now(),
): TrainerListener {
  let printedAt = now();
  return (event) => {
    const record = eventRecord(event);
    const isDue = record === undefined && now() - printedAt >= PROGRESS_INTERVAL;
    const progress = isDue ? progressRecord(event) : undefined;
    if (progress !== undefined) printedAt = now();
    const printed = record ?? progress;
    if (printed !== undefined) print(printed);
  };
}

/** A progress bar on a terminal, a line every few seconds elsewhere, and one line per epoch. */
function textLog(classes: number): TrainerListener {
  const line = new ProgressLine(process.stderr);
  const left = new TimeLeft();
  let start: EventOf<'start'>;
  let stepped = false;
  return (event) => {
    left.add(event, performance.now());
    if (event.event === 'start') start = event;
    else if (event.event === 'step')
      line.update(event.step / start.stepsPerEpoch, stepText(event, start, left));
    else if (event.event === 'evaluation')
      line.update(event.images / event.total, `${epochOf(event.epoch, start)}  testing`);
    else line.clear();
    for (const text of linesOf(event, start, classes)) printLine(text);
    if (event.event === 'epoch') for (const text of brokenEvaluations(event)) printNotice(text);
    if (event.event === 'length') start = { ...start, epochs: event.epochs };
    // Compiling the first step of a large model takes a while.
    const isFirst = event.event === 'checkpoint' && !stepped;
    if (event.event === 'start' || isFirst) line.wait('compiling the training step');
    stepped ||= event.event === 'step' || event.event === 'result';
    if (event.event === 'interrupted') {
      const saved = event.path === '' ? '' : `; saved ${event.path}`;
      printNotice(`stopped in epoch ${event.epoch + 1} after step ${event.step}${saved}`);
    }
  };
}

/** Lines for standard output. */
function linesOf(event: TrainerEvent, start: EventOf<'start'>, classes: number): string[] {
  if (event.event === 'start') return startLines(event);
  if (event.event === 'epoch') return [epochText(event, start, classes)];
  if (event.event === 'earlyStop') return [earlyStopText(event)];
  if (event.event === 'length') return [lengthText(event)];
  if (event.event === 'threads') return [changeText(event)];
  if (event.event === 'result') return [resultText(event, classes)];
  return [];
}

function startLines(event: EventOf<'start'>): string[] {
  const lines = [
    event.engine,
    `${formatCount(event.parameters)} parameters, ${formatCount(event.trainImages)} training and ` +
      `${formatCount(event.testImages)} test images`,
  ];
  const isResumed = event.epoch > 0 || event.step > 0;
  return isResumed ? [...lines, `resuming after ${event.epoch} epochs and ${event.step} steps`] : lines;
}

function epochOf(epoch: number, { epochs }: EventOf<'start'>): string {
  return `epoch ${String(epoch + 1).padStart(String(epochs).length)}/${epochs}`;
}

function stepText(event: EventOf<'step'>, start: EventOf<'start'>, left: TimeLeft): string {
  const { epoch, meanLoss, train, imagesPerSecond } = event;
  return (
    `${epochOf(epoch, start)}  loss ${meanLoss.toFixed(3)}  top-1 ${formatPercent(train.top1)}  ` +
    `${imagesPerSecond.toFixed(0)} images/s  ${formatDuration(left.seconds)} left`
  );
}

function epochText(event: EventOf<'epoch'>, start: EventOf<'start'>, classes: number): string {
  const { epoch, trainLoss, train, test, average, imagesPerSecond, seconds } = event;
  return (
    `${epochOf(epoch, start)}  loss ${trainLoss.toFixed(4)}  train top-1 ${formatPercent(train.top1)}  ` +
    `test ${formatAccuracy(test, classes)}  ` +
    `${average ? `averaged top-1 ${formatPercent(average.top1)}  ` : ''}` +
    `${imagesPerSecond.toFixed(0)} images/s  ${formatDuration(seconds)}`
  );
}

function brokenEvaluations({ epoch, test, average }: EventOf<'epoch'>): string[] {
  const [own, averaged] = [test, average].map((accuracy) => accuracy && notFiniteText(accuracy));
  const end = `, and epoch ${epoch + 1} is not the best; try a lower learning rate`;
  return [
    ...(own === undefined ? [] : [`test: ${own}${end}`]),
    ...(averaged === undefined ? [] : [`test of the averaged weights: ${averaged}${end}`]),
  ];
}

function earlyStopText({ epoch, metric, staleEpochs }: EventOf<'earlyStop'>): string {
  const figure = {
    top1: 'test top-1',
    'cross-entropy': 'test cross-entropy',
    'ema-top1': 'test top-1 of the averaged weights',
  }[metric];
  const epochs = staleEpochs === 1 ? '1 epoch' : `${staleEpochs} epochs`;
  return `stopped after epoch ${epoch}: no better ${figure} for ${epochs}`;
}

function lengthText({ epochs, before }: EventOf<'length'>): string {
  return `there is time for ${epochs > before ? 'more' : 'fewer'} epochs: ${epochs} instead of ${before}`;
}

function resultText(result: EventOf<'result'>, classes: number): string {
  const { bestTop1, images } = result;
  return (
    `${formatAccuracy(result, classes)}  best top-1 ${formatPercent(bestTop1)}  ` +
    `(${formatCount(images)} test images)`
  );
}
