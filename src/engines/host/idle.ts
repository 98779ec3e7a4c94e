/**
 * Lets the idle threads of engines that are started later sleep after microseconds instead of spinning for milliseconds:
 * useful if other threads of the process need the processors meanwhile, such as those that decode images. GNU OpenMP, which oneDNN's threads belong to, reads this from the environment when it is loaded; a value
 * set by the user is kept.
 */
export function sleepSoonWhenIdle(): void {
  process.env.GOMP_SPINCOUNT ??= '2000';
}
