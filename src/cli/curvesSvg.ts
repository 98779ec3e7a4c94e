import { escapeXml } from '../formats/xml.js';

/** A line of a plot. */
export interface Curve {
  readonly label: string;
  readonly colour: string;
  /** Value at each epoch; what is not finite leaves a gap. */
  readonly values: readonly number[];
  readonly dashed?: boolean;
}

const WIDTH = 720;
const HEIGHT = 420;
const LEFT = 64;
const RIGHT = 24;
const TOP = 48;
const BOTTOM = 56;

/** A round step that divides a range into about five. */
function tickStep(range: number): number {
  const raw = Math.max(range, 1e-9) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10);
}

/** A plot of curves over epochs as an SVG image. */
export function curvesSvg(title: string, yLabel: string, curves: readonly Curve[]): string {
  const finite = curves.flatMap((curve) => curve.values.filter(Number.isFinite));
  // Where nothing can be drawn, the axes stand alone.
  const values = finite.length > 0 ? finite : [0, 1];
  const step = tickStep(Math.max(...values) - Math.min(...values));
  const low = Math.floor(Math.min(...values) / step) * step;
  const high = Math.max(Math.ceil(Math.max(...values) / step) * step, low + step);
  const epochs = Math.max(...curves.map((curve) => curve.values.length));
  const x = (epoch: number): number =>
    LEFT + ((WIDTH - LEFT - RIGHT) * (epoch - 1)) / Math.max(epochs - 1, 1);
  const y = (value: number): number => TOP + ((HEIGHT - TOP - BOTTOM) * (high - value)) / (high - low);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    `<text x="${LEFT}" y="26" font-size="16" fill="#111">${escapeXml(title)}</text>`,
    ...yTicks(low, high, step, y),
    ...xTicks(epochs, x),
    `<text x="${WIDTH / 2}" y="${HEIGHT - 14}" text-anchor="middle" fill="#444">epoch</text>`,
    `<text transform="translate(18 ${HEIGHT / 2}) rotate(-90)" text-anchor="middle" fill="#444">${escapeXml(yLabel)}</text>`,
    ...curves.flatMap((curve) => lines(curve, x, y)),
    ...legend(curves),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

function yTicks(low: number, high: number, step: number, y: (value: number) => number): string[] {
  const count = Math.round((high - low) / step);
  return Array.from({ length: count + 1 }, (_, i) => {
    const value = low + i * step;
    const text = `<text x="${LEFT - 8}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end" fill="#444">${Number(value.toPrecision(6))}</text>`;
    return `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value).toFixed(1)}" y2="${y(value).toFixed(1)}" stroke="#ddd"/>${text}`;
  });
}

function xTicks(epochs: number, x: (epoch: number) => number): string[] {
  const step = Math.max(1, Math.ceil(epochs / 10));
  const ticks = Array.from({ length: Math.ceil(epochs / step) }, (_, i) => 1 + i * step);
  return ticks.map(
    (epoch) =>
      `<text x="${x(epoch).toFixed(1)}" y="${HEIGHT - BOTTOM + 20}" text-anchor="middle" fill="#444">${epoch}</text>`,
  );
}

/** A curve's pieces between values that are not finite; a single value is a dot. */
function lines(
  { colour, values, dashed }: Curve,
  x: (epoch: number) => number,
  y: (value: number) => number,
): string[] {
  const dash = dashed ? ' stroke-dasharray="6 4"' : '';
  return pieces(values).map((piece) => {
    const [first] = piece as [readonly [number, number]];
    if (piece.length === 1 && values.length > 1)
      return `<circle cx="${x(first[0]).toFixed(1)}" cy="${y(first[1]).toFixed(1)}" r="2.5" fill="${colour}"/>`;
    const points = piece.map(([epoch, value]) => `${x(epoch).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
    return `<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="2.5" stroke-linejoin="round"${dash}/>`;
  });
}

/** Epochs, from 1, with their values, cut where a value is not finite. */
function pieces(values: readonly number[]): (readonly [epoch: number, value: number])[][] {
  const found: [number, number][][] = [];
  for (const [i, value] of values.entries()) {
    if (!Number.isFinite(value)) continue;
    if (i > 0 && Number.isFinite(values[i - 1])) found.at(-1)!.push([i + 1, value]);
    else found.push([[i + 1, value]]);
  }
  return found;
}

/** Entries stand in the right corner that the curves leave free: below rising ones, above falling ones. */
function legend(curves: readonly Curve[]): string[] {
  const isRising = ({ values }: Curve): boolean => {
    const finite = values.filter(Number.isFinite);
    return finite.length === 0 || finite.at(-1)! >= finite[0]!;
  };
  const rising = curves.filter(isRising).length * 2 >= curves.length;
  const left = WIDTH - RIGHT - 210;
  const first = rising ? HEIGHT - BOTTOM - 8 - curves.length * 22 : TOP + 16;
  return curves.map(({ label, colour, dashed }, i) => {
    const top = first + i * 22;
    const dash = dashed ? ' stroke-dasharray="6 4"' : '';
    return (
      `<line x1="${left}" x2="${left + 28}" y1="${top}" y2="${top}" stroke="${colour}" stroke-width="2.5"${dash}/>` +
      `<text x="${left + 36}" y="${top + 4}" fill="#222">${escapeXml(label)}</text>`
    );
  });
}
