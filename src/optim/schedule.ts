/** Learning rate at a point of the training. */
export type Schedule = (epoch: number, step: number, stepsPerEpoch: number) => number;

/** Options of schedules that may begin with a warm-up. */
interface WarmupOptions {
  readonly baseLr: number;
  /** Epochs over which the rate first rises linearly from baseLr/steps to its value. Default 0. */
  readonly warmupEpochs?: number | undefined;
}

/** Multiplies the rate by `gamma` (default 0.1) after each of the epochs in `milestones`, as PyTorch's `MultiStepLR`. */
export function multistep(
  options: WarmupOptions & { readonly milestones: readonly number[]; readonly gamma?: number | undefined },
): Schedule {
  const { baseLr, milestones, gamma = 0.1 } = options;
  return withWarmup(
    options.warmupEpochs,
    (epoch) => baseLr * gamma ** milestones.filter((m) => epoch >= m).length,
  );
}

/**
 * Half a cosine from baseLr to 0 over the epochs after the warm-up, updated each step:
 * ½·baseLr·(1 + cos(π·t)), where t is the completed share of the training.
 */
export function cosine(options: WarmupOptions & { readonly epochs: number }): Schedule {
  const { baseLr, epochs, warmupEpochs = 0 } = options;
  return withWarmup(warmupEpochs, (epoch, step, stepsPerEpoch) => {
    const done =
      (epoch + step / stepsPerEpoch - warmupEpochs) / Math.max(epochs - warmupEpochs, Number.EPSILON);
    return 0.5 * baseLr * (1 + Math.cos(Math.PI * Math.min(Math.max(done, 0), 1)));
  });
}

/** Multiplies the rate by `gamma` (default 0.95) after each epoch, as PyTorch's `ExponentialLR`. */
export function exponential(options: WarmupOptions & { readonly gamma?: number | undefined }): Schedule {
  const { baseLr, gamma = 0.95 } = options;
  return withWarmup(options.warmupEpochs, (epoch) => baseLr * gamma ** epoch);
}

/** Options of {@link oneCycle}, by PyTorch's names. */
export interface OneCycleOptions {
  /** The highest rate. */
  readonly baseLr: number;
  readonly epochs: number;
  /** Share of the steps in which the rate rises. Default 0.3. */
  readonly pctStart?: number | undefined;
  /** The rate starts at baseLr/divFactor. Default 25. */
  readonly divFactor?: number | undefined;
  /** It ends at baseLr/divFactor/finalDivFactor. Default 10,000. */
  readonly finalDivFactor?: number | undefined;
}

/**
 * Half a cosine up and half a cosine down, updated each step, as PyTorch's `OneCycleLR` (Smith and Topin, "Super-Convergence", 2018)
 * without its cycle of the momentum.
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  const { baseLr, epochs, pctStart = 0.3, divFactor = 25, finalDivFactor = 1e4 } = options;
  const [start, end] = [baseLr / divFactor, baseLr / divFactor / finalDivFactor];
  const between = (from: number, to: number, done: number): number =>
    to + ((from - to) / 2) * (1 + Math.cos(Math.PI * done));
  return (epoch, step, stepsPerEpoch) => {
    const steps = epochs * stepsPerEpoch;
    const now = Math.min(epoch * stepsPerEpoch + step, steps - 1);
    const peak = pctStart * steps - 1;
    if (now <= peak) return between(start, baseLr, peak > 0 ? now / peak : 1);
    return between(baseLr, end, (now - peak) / (steps - 1 - peak));
  };
}

function withWarmup(warmupEpochs = 0, schedule: Schedule): Schedule {
  return (epoch, step, stepsPerEpoch) => {
    const rate = schedule(epoch, step, stepsPerEpoch);
    const warmupSteps = warmupEpochs * stepsPerEpoch;
    const done = epoch * stepsPerEpoch + step + 1;
    return done < warmupSteps ? (rate * done) / warmupSteps : rate;
  };
}
