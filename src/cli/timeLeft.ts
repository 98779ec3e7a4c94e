import type { TrainerEvent } from '../train/events.js';

/** Estimates how long a run still takes: the steps that are left at the present rate, and an evaluation for each epoch that is left. */
export class TimeLeft {
  private stepsPerEpoch = 0;
  private epochs = 0;
  private stepsDone = 0;
  private secondsPerStep = Number.NaN;
  private evaluationSeconds = 0;
  private lastStepAt = 0;

  /** Takes an event and its time in milliseconds. */
  add(event: TrainerEvent, now: number): void {
    if (event.event === 'start') {
      this.stepsPerEpoch = event.stepsPerEpoch;
      this.epochs = event.epochs;
    } else if (event.event === 'step') {
      const imagesPerStep = event.train.images / event.step;
      this.stepsDone = event.epoch * this.stepsPerEpoch + event.step;
      this.secondsPerStep = imagesPerStep / event.imagesPerSecond;
      this.lastStepAt = now;
    } else if (event.event === 'length') {
      this.epochs = event.epochs;
    } else if (event.event === 'epoch') {
      this.evaluationSeconds = (now - this.lastStepAt) / 1000;
    }
  }

  /** Seconds that are left; NaN before the first step. */
  get seconds(): number {
    const steps = this.epochs * this.stepsPerEpoch - this.stepsDone;
    return steps * this.secondsPerStep + Math.ceil(steps / this.stepsPerEpoch) * this.evaluationSeconds;
  }
}
