import { EventWriter } from '../formats/tensorboard/eventWriter.js';
import type { TrainerListener } from '../train/events.js';

/** Steps from one value of the training loss to the next, as in the published code. */
const STEPS = 25;

/** A log that holds a file open. */
export interface OpenLog {
  readonly listener: TrainerListener;
  close(): void;
}

/**
 * Writes the published code's TensorBoard charts to an event file in `folder`: `Loss/train` every 25
 * steps, `Accuracy/train` and `Accuracy/test` every epoch, in percent.
 *
 * @throws UserError when the file cannot be written; the listener throws it, too
 */
export function tensorBoardLog(folder: string): OpenLog {
  const writer = EventWriter.open(folder);
  return {
    listener: (event) => {
      if (event.event === 'step' && event.globalStep % STEPS === 0)
        writer.scalar('Loss/train', event.loss, event.globalStep);
      if (event.event !== 'epoch') return;
      writer.scalar('Accuracy/train', event.train.top1, event.epoch);
      writer.scalar('Accuracy/test', event.test.top1, event.epoch);
    },
    close: () => writer.close(),
  };
}
