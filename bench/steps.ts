/** How long a step took. */
export interface StepTime {
  readonly seconds: number;
  /** Null but in training. */
  readonly loss: number | null;
}

/** The steps of a mode. */
export interface Steps {
  readonly imagesPerStep: number;
  step(): Promise<StepTime>;
  close?(): Promise<void>;
}
