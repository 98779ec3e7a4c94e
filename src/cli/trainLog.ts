import type { TrainerEvent, TrainerListener } from '../train/events.js';
import { formatCount, formatDuration, type LogFormat, printJson, printLine, printNotice } from './output.js';
import { ProgressLine } from './progressLine.js';

/** Prints a run's events in a format. */
export function trainLog(format: LogFormat): TrainerListener {
  return format === 'json' ? jsonLog : textLog();
}

function jsonLog(event: TrainerEvent): void {
  if (event.event === 'epoch') {
    const { epoch, trainLoss, train, test, learningRate, imagesPerSecond, seconds, waitedPercent, bestTop1 } =
      event;
    printJson({
      event: 'epoch',
      epoch,
      train_loss: trainLoss,
      train_top1: train.top1,
      train_top5: train.top5,
      test_loss: test.crossEntropy,
      test_top1: test.top1,
      test_top5: test.top5,
      best_top1: bestTop1,
      learning_rate: learningRate,
      images_per_second: imagesPerSecond,
      seconds,
      waited_percent: waitedPercent,
    });
  } else if (event.event === 'result') {
    const { top1, top5, parameters, images, bestTop1 } = event;
    printJson({ event: 'result', top1, top5, best_top1: bestTop1, parameters, images });
  } else if (event.event === 'start') {
    const { epochs, stepsPerEpoch, trainImages, testImages, parameters, engine, epoch, step } = event;
    printJson({
      event: 'start',
      epochs,
      steps_per_epoch: stepsPerEpoch,
      train_images: trainImages,
      test_images: testImages,
      parameters,
      engine,
      epoch,
      step,
    });
  } else if (event.event === 'checkpoint' || event.event === 'interrupted') {
    printJson({ ...event });
  }
}

/** Progress on a terminal, a line every few seconds elsewhere, and a line an epoch. */
function textLog(): TrainerListener {
  const line = new ProgressLine(process.stderr);
  let stepsPerEpoch = 0;
  let epochs = 0;
  return (event) => {
    switch (event.event) {
      case 'start':
        ({ stepsPerEpoch, epochs } = event);
        printLine(
          `${formatCount(event.parameters)} parameters; ${formatCount(event.trainImages)} training and ` +
            `${formatCount(event.testImages)} test pictures; ${event.engine}`,
        );
        if (event.epoch > 0 || event.step > 0)
          printLine(`going on at epoch ${event.epoch + 1}, step ${event.step}`);
        break;
      case 'step':
        line.update(event.step / stepsPerEpoch, stepText(event, stepsPerEpoch, epochs));
        break;
      case 'evaluation':
        line.update(
          event.images / event.total,
          `epoch ${event.epoch + 1}/${epochs}  testing ${event.images}/${event.total}`,
        );
        break;
      case 'epoch':
        line.clear();
        printLine(epochText(event, epochs));
        break;
      case 'interrupted':
        line.clear();
        printNotice(
          `stopped in epoch ${event.epoch + 1} after step ${event.step}${event.path ? `; saved ${event.path}` : ''}`,
        );
        break;
      case 'result':
        line.clear();
        printLine(
          `top-1 ${event.top1.toFixed(2)}%  top-5 ${event.top5.toFixed(2)}%  best top-1 ${event.bestTop1.toFixed(2)}%  ` +
            `(${formatCount(event.images)} test pictures)`,
        );
        break;
      case 'checkpoint':
        break;
    }
  };
}

function stepText(
  event: Extract<TrainerEvent, { event: 'step' }>,
  stepsPerEpoch: number,
  epochs: number,
): string {
  const { epoch, step, meanLoss, train, imagesPerSecond } = event;
  const imagesPerStep = train.images / step;
  const left = ((stepsPerEpoch - step) * imagesPerStep) / imagesPerSecond;
  return (
    `epoch ${epoch + 1}/${epochs}  loss ${meanLoss.toFixed(3)}  top-1 ${train.top1.toFixed(1)}%  ` +
    `${imagesPerSecond.toFixed(0)} images/s  ${formatDuration(left)} left`
  );
}

function epochText(event: Extract<TrainerEvent, { event: 'epoch' }>, epochs: number): string {
  const width = String(epochs).length;
  return (
    `epoch ${String(event.epoch + 1).padStart(width)}/${epochs}  loss ${event.trainLoss.toFixed(4)}  ` +
    `train top-1 ${event.train.top1.toFixed(2)}%  test top-1 ${event.test.top1.toFixed(2)}%  top-5 ${event.test.top5.toFixed(2)}%  ` +
    `${event.imagesPerSecond.toFixed(0)} images/s  ${formatDuration(event.seconds)}`
  );
}
