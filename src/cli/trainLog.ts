import { eventRecord } from '../runs/eventRecord.js';
import type { TrainerEvent, TrainerListener } from '../train/events.js';
import {
  formatCount,
  formatDuration,
  formatPercent,
  type LogFormat,
  printJson,
  printLine,
  printNotice,
} from './output.js';
import { ProgressLine } from './progressLine.js';
import { TimeLeft } from './timeLeft.js';

type EventOf<Kind extends TrainerEvent['event']> = Extract<TrainerEvent, { event: Kind }>;

/** Prints a run's events in a format. */
export function trainLog(format: LogFormat): TrainerListener {
  if (format === 'text') return textLog();
  return (event) => {
    const record = eventRecord(event);
    if (record) printJson(record);
  };
}

/** Progress on a terminal, a line every few seconds elsewhere, and a line an epoch. */
function textLog(): TrainerListener {
  const line = new ProgressLine(process.stderr);
  const left = new TimeLeft();
  let start: EventOf<'start'>;
  return (event) => {
    left.add(event, performance.now());
    if (event.event === 'start') start = event;
    else if (event.event === 'step')
      line.update(event.step / start.stepsPerEpoch, stepText(event, start, left));
    else if (event.event === 'evaluation')
      line.update(event.images / event.total, `${epochOf(event.epoch, start)}  testing`);
    else line.clear();
    for (const text of linesOf(event, start)) printLine(text);
    if (event.event === 'interrupted') {
      const saved = event.path === '' ? '' : `; saved ${event.path}`;
      printNotice(`stopped in epoch ${event.epoch + 1} after step ${event.step}${saved}`);
    }
  };
}

/** Lines for standard output. */
function linesOf(event: TrainerEvent, start: EventOf<'start'>): string[] {
  if (event.event === 'start') return startLines(event);
  if (event.event === 'epoch') return [epochText(event, start)];
  if (event.event === 'result') return [resultText(event)];
  return [];
}

function startLines(event: EventOf<'start'>): string[] {
  const lines = [
    event.engine,
    `${formatCount(event.parameters)} parameters, ${formatCount(event.trainImages)} training and ` +
      `${formatCount(event.testImages)} test images`,
  ];
  const goesOn = event.epoch > 0 || event.step > 0;
  return goesOn ? [...lines, `going on after ${event.epoch} epochs and ${event.step} steps`] : lines;
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

function epochText(event: EventOf<'epoch'>, start: EventOf<'start'>): string {
  const { epoch, trainLoss, train, test, imagesPerSecond, seconds } = event;
  return (
    `${epochOf(epoch, start)}  loss ${trainLoss.toFixed(4)}  train top-1 ${formatPercent(train.top1)}  ` +
    `test top-1 ${formatPercent(test.top1)}  top-5 ${formatPercent(test.top5)}  ` +
    `${imagesPerSecond.toFixed(0)} images/s  ${formatDuration(seconds)}`
  );
}

function resultText({ top1, top5, bestTop1, images }: EventOf<'result'>): string {
  return (
    `top-1 ${formatPercent(top1)}  top-5 ${formatPercent(top5)}  best top-1 ${formatPercent(bestTop1)}  ` +
    `(${formatCount(images)} test images)`
  );
}
