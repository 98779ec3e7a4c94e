import { escapeXml } from '../formats/xml.js';

/** A line of a plot. */
export interface Curve {
  readonly label: string;
  readonly colour: string;
  /** Value at each epoch. */
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
  const values = curves.flatMap((curve) => curve.values);
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
    ...curves.map((curve) => polyline(curve, x, y)),
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

function polyline(
  { colour, values, dashed }: Curve,
  x: (epoch: number) => number,
  y: (value: number) => number,
): string {
  const points = values.map((value, i) => `${x(i + 1).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  const dash = dashed ? ' stroke-dasharray="6 4"' : '';
  return `<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="2.5" stroke-linejoin="round"${dash}/>`;
}

/** Entries stand in the right corner that the curves leave free: below rising ones, above falling ones. */
function legend(curves: readonly Curve[]): string[] {
  const rising = curves.filter(({ values }) => values.at(-1)! >= values[0]!).length * 2 >= curves.length;
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
