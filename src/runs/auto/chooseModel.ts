import { UserError } from '../../errors.js';
import type { Candidate } from './ladder.js';

/** What there is to train in which time. */
export interface Task {
  readonly trainImages: number;
  readonly testImages: number;
  /** Epochs that a training should have, and those without which a smaller model is better. */
  readonly wanted: number;
  readonly least: number;
  /** Seconds that are left for training. */
  secondsLeft(): number;
  /** Measured seconds of training per image. */
  measure(candidate: Candidate): Promise<number>;
}

/** A chosen model. */
export interface Choice {
  readonly candidate: Candidate;
  readonly secondsPerImage: number;
  readonly epochs: number;
  /** Whether there is time for the least number of epochs. */
  readonly isEnough: boolean;
}

/** Time of an image in evaluation as a share of its time in training. */
const EVALUATION = 0.35;

/** Models that are measured at most: each takes seconds of the budget. */
const MOST_MEASURED = 3;

/**
 * Chooses the largest model that gets enough epochs in the time that is left. The smallest one is measured, the others are
 * estimated by their computation, and the chosen one is measured, too. Where the smallest seems to be too slow, it is measured once
 * more: the machine may have been busy.
 *
 * @param ladder in the order of computation
 * @throws UserError when it is empty
 */
export async function chooseModel(ladder: readonly Candidate[], task: Task): Promise<Choice> {
  const [smallest] = ladder;
  if (!smallest) throw new UserError('no model takes images of this size: give another image size');
  let best = choiceOf(smallest, await task.measure(smallest), task);
  if (!best.isEnough && task.secondsLeft() > 0)
    best = choiceOf(smallest, Math.min(best.secondsPerImage, await task.measure(smallest)), task);
  let perMac = best.secondsPerImage / smallest.macs;
  let tooSlow = ladder.length;
  for (let measured = 1; measured < MOST_MEASURED; measured++) {
    const place = ladder
      .slice(0, tooSlow)
      .findLastIndex(({ macs }) => epochsOf(perMac * macs, task) >= task.least);
    if (place <= ladder.indexOf(best.candidate)) break;
    const candidate = ladder[place]!;
    const next = choiceOf(candidate, await task.measure(candidate), task);
    perMac = next.secondsPerImage / candidate.macs;
    if (next.isEnough) best = next;
    else tooSlow = place;
  }
  return best;
}

function epochsOf(secondsPerImage: number, { trainImages, testImages, secondsLeft }: Task): number {
  return secondsLeft() / (secondsPerImage * (trainImages + EVALUATION * testImages));
}

function choiceOf(candidate: Candidate, secondsPerImage: number, task: Task): Choice {
  const affordable = Math.floor(epochsOf(secondsPerImage, task));
  const epochs = Math.max(1, Math.min(task.wanted, affordable));
  return { candidate, secondsPerImage, epochs, isEnough: affordable >= task.least };
}
