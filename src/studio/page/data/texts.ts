/** A number of things: `1 image`, `50,000 images`. */
export function countText(count: number, one: string, several = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : several}`;
}
