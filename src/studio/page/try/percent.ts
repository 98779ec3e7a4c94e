/** A probability in percent. */
export function percentText(probability: number): string {
  return `${(100 * probability).toFixed(2)}%`;
}
