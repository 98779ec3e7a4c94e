/**
 * Lets the idle threads of engines that start from now on sleep after microseconds, instead of looking for work for
 * milliseconds: right where other threads of the process need the processors meanwhile, such as those that decode
 * images. GNU OpenMP, which oneDNN's threads belong to, reads this from the environment when it is loaded; a value
 * that the user has set stays.
 */
export function sleepSoonWhenIdle(): void {
  process.env.GOMP_SPINCOUNT ??= '2000';
}
