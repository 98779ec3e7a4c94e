/** A time in words: `3.2 ms`, `41 ms`. */
export function millisecondsText(time: number): string {
  return time < 10 ? `${time.toFixed(1)} ms` : `${Math.round(time)} ms`;
}
