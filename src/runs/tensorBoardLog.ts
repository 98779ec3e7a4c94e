import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage, UserError } from '../errors.js';
import { filterScalarEvents } from '../formats/tensorboard/encodeEvent.js';
import { EventWriter } from '../formats/tensorboard/eventWriter.js';
import type { Progress } from '../train/checkpointInfo.js';
import type { EpochResult, TrainerListener } from '../train/events.js';
import { writeFileAtomically } from './atomicFile.js';

/** Steps from one value of the training loss to the next, as in the published code. */
const STEPS = 25;

/** The published code's chart of the training loss, whose horizontal axis is steps; all others have epochs. */
const STEP_CHART = 'Loss/train';

/** Charts of epochs. */
const EPOCH_CHARTS: readonly (readonly [tag: string, value: (result: EpochResult) => number])[] = [
  ['Accuracy/train', (r) => r.train.top1],
  ['Accuracy/test', (r) => r.test.top1],
  ['EpochLoss/train', (r) => r.trainLoss],
  ['CrossEntropy/train', (r) => r.train.crossEntropy],
  ['CrossEntropy/test', (r) => r.test.crossEntropy],
  ['LearningRate', (r) => r.learningRate],
];

/** A log that holds a file open. */
export interface OpenLog {
  readonly listener: TrainerListener;
  close(): void;
}

/**
 * Writes TensorBoard charts to an event file in `folder`: the published code's `Loss/train` every 25 steps, and every
 * epoch, numbered from 1, the accuracies in percent, the losses and the learning rate. A resumed run marks a session
 * and removes repeated steps from older files, so that no step is there twice.
 *
 * @param progress where the run resumes; undefined for a new one
 * @throws UserError when a file cannot be written; the listener throws it, too
 */
export async function tensorBoardLog(
  folder: string,
  progress?: Pick<Progress, 'epoch' | 'globalStep'>,
): Promise<OpenLog> {
  if (progress) await dropLater(folder, progress);
  const writer = EventWriter.open(folder);
  // The first step to come; a chart's epochs are all before it.
  if (progress) writer.session(progress.globalStep + 1);
  return {
    listener: (event) => {
      if (event.event === 'step' && event.globalStep % STEPS === 0)
        writer.scalar(STEP_CHART, event.loss, event.globalStep);
      if (event.event !== 'epoch') return;
      for (const [tag, value] of EPOCH_CHARTS) writer.scalar(tag, value(event), event.epoch + 1);
    },
    close: () => writer.close(),
  };
}

async function dropLater(
  folder: string,
  { epoch, globalStep }: Pick<Progress, 'epoch' | 'globalStep'>,
): Promise<void> {
  const names = readdirSync(folder).filter((name) => name.startsWith('events.out.tfevents.'));
  for (const path of names.map((name) => join(folder, name))) {
    const bytes = readEvents(path);
    const kept = keptEvents(bytes, (tag) => (tag === STEP_CHART ? globalStep : epoch));
    if (kept !== bytes) await writeFileAtomically(path, [kept]);
  }
}

/** An event file up to each chart's last step; a file that another program damaged stays as it is. */
function keptEvents(bytes: Uint8Array, lastOf: (tag: string) => number): Uint8Array {
  try {
    return filterScalarEvents(bytes, ({ tag, step }) => step <= lastOf(tag));
  } catch {
    return bytes;
  }
}

function readEvents(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${errorMessage(error)}`);
  }
}
