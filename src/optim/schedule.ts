/** Learning rate at a point of the training. */
export type Schedule = (epoch: number, step: number, stepsPerEpoch: number) => number;

/** Options of both schedules. */
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

function withWarmup(warmupEpochs = 0, schedule: Schedule): Schedule {
  return (epoch, step, stepsPerEpoch) => {
    const rate = schedule(epoch, step, stepsPerEpoch);
    const warmupSteps = warmupEpochs * stepsPerEpoch;
    const done = epoch * stepsPerEpoch + step + 1;
    return done < warmupSteps ? (rate * done) / warmupSteps : rate;
  };
}
