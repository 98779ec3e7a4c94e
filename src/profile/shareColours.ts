type Rgb = readonly [red: number, green: number, blue: number];

/** From red, far from the peak, to blue, at it: distinguishable with every kind of colour vision. */
const STOPS: readonly Rgb[] = [
  [196, 60, 48],
  [239, 154, 96],
  [250, 226, 158],
  [143, 195, 200],
  [43, 113, 160],
];

/** Colour of a share of the machine's peak; shares above 1 count as 1. */
export function colourOf(share: number): string {
  const at = Math.min(Math.max(share, 0), 1) * (STOPS.length - 1);
  const index = Math.min(Math.floor(at), STOPS.length - 2);
  const [from, to] = [STOPS[index]!, STOPS[index + 1]!];
  const mixed = from.map((value, i) => Math.round(value + (to[i]! - value) * (at - index)));
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

/** Colour of text that is legible on another colour, by its luminance (ITU-R BT.601). */
export function inkOn(colour: string): string {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  return 0.299 * red! + 0.587 * green! + 0.114 * blue! < 130 ? '#ffffff' : '#1a1a1a';
}
