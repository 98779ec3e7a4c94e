/** How a depthwise convolution moves along one axis of its images. */
export interface AxisGeometry {
  /** Of x, and of y. */
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
}

/** A tap of the kernel, and the place of the source that it multiplies. */
export interface Tap {
  readonly tap: number;
  readonly at: number;
}

/** What results along an axis are sums of: away from borders, `period` results on, places are `advance` further. */
export interface Axis {
  readonly results: readonly (readonly Tap[])[];
  readonly period: number;
  readonly advance: number;
}

/** Rounds that are computed alike: results of one round, whose places count from where it begins in the source. */
export interface Run {
  readonly rounds: number;
  readonly results: readonly (readonly Tap[])[];
  /** Places that the source moves on in a round. */
  readonly advance: number;
}

const range = (size: number): number[] => Array.from({ length: size }, (_, i) => i);

/** y[o] = Σ w[t] · x[o·stride + t·dilation − padding], without the taps that lie outside. */
export function forwardAxis({ inputs, outputs, kernel, stride, padding, dilation }: AxisGeometry): Axis {
  const taps = (output: number): Tap[] =>
    range(kernel)
      .map((tap) => ({ tap, at: output * stride + tap * dilation - padding }))
      .filter(({ at }) => at >= 0 && at < inputs);
  return { results: range(outputs).map(taps), period: 1, advance: stride };
}

/** dx[i] = Σ w[t] · dy[(i + padding − t·dilation) / stride], over the taps where that is a place of dy. */
export function gradientAxis({ inputs, outputs, kernel, stride, padding, dilation }: AxisGeometry): Axis {
  const taps = (input: number): Tap[] =>
    range(kernel)
      .map((tap) => ({ tap, at: (input + padding - tap * dilation) / stride }))
      .filter(({ at }) => Number.isInteger(at) && at >= 0 && at < outputs);
  return { results: range(inputs).map(taps), period: stride, advance: 1 };
}

/** Cuts an axis into rounds of at most so many results, or one period, and joins those that are alike. */
export function runsOf({ results, period, advance }: Axis, most: number): Run[] {
  const all = Math.ceil(results.length / period);
  const periods = Math.ceil(all / Math.ceil(all / Math.max(1, Math.floor(most / period))));
  const runs: Run[] = [];
  for (
    let begin = 0, start = 0;
    begin < results.length;
    begin += periods * period, start += periods * advance
  ) {
    const round = results
      .slice(begin, begin + periods * period)
      .map((taps) => taps.map(({ tap, at }) => ({ tap, at: at - start })));
    const last = runs.at(-1);
    if (last && JSON.stringify(last.results) === JSON.stringify(round))
      runs.splice(-1, 1, { ...last, rounds: last.rounds + 1 });
    else runs.push({ rounds: 1, results: round, advance: periods * advance });
  }
  return runs;
}

/** The places of the source that results are sums of, in order. */
export function placesOf(results: Run['results']): number[] {
  return [...new Set(results.flatMap((taps) => taps.map(({ at }) => at)))].sort((a, b) => a - b);
}
