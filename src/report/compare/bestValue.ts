/** Metrics for which lower is better. */
const LESS_IS_BETTER = /loss|entropy|seconds|waited/;

/** Whether lower values of a metric are better, by its name. */
function isLessBetter(metric: string): boolean {
  return LESS_IS_BETTER.test(metric);
}

/** The best value of a metric, and its place among the values; undefined where none is finite. */
export function bestValue(
  metric: string,
  values: readonly number[],
): { readonly value: number; readonly place: number } | undefined {
  const sign = isLessBetter(metric) ? -1 : 1;
  let place = -1;
  for (let i = 0; i < values.length; i++)
    if (Number.isFinite(values[i]) && (place < 0 || sign * values[i]! > sign * values[place]!)) place = i;
  return place < 0 ? undefined : { value: values[place]!, place };
}
