import { escapeXml } from '../formats/xml.js';
import { type FlameBox, type FlameLevel, layOutFlame } from './flame.js';
import type { StepProfile } from './profileStep.js';
import { colourOf, inkOn } from './shareColours.js';
import { summarise } from './summary.js';

const WIDTH = 1600;
const MARGIN = 20;
const HEADER = 74;
const GAP = 2;
/** Boxes narrower than this are joined. */
const NARROWEST = 4;
const FONT = 12;
/** Advance of a character of the usual monospaced fonts, in parts of the font's size. */
const ADVANCE = 0.61;
const LINE = 15;
const PADDING = 4;
const LEGEND = { width: 240, height: 12, steps: 40 };

const HEIGHTS: { readonly [L in FlameLevel]: number } = {
  step: 26,
  phase: 26,
  operation: 42,
  primitive: 290,
};

/**
 * A flame graph of a step's time, as SVG: widths are time, the rows are the step, its phases, their
 * operations and their primitives, and the colour is the share of the machine's peak.
 *
 * @param title what was profiled
 */
export function flameSvg(profile: StepProfile, title: string): string {
  const { entries, peaks } = profile;
  const whole = entries.reduce((total, { milliseconds }) => total + milliseconds, 0);
  const scale = whole > 0 ? (WIDTH - 2 * MARGIN) / whole : 0;
  const boxes = whole > 0 ? layOutFlame(entries, peaks, NARROWEST / scale) : [];
  const tops = rowTops(boxes);
  const bottom = HEADER + [...tops.keys()].reduce((sum, level) => sum + HEIGHTS[level] + GAP, 0);
  const height = bottom + MARGIN;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="'DejaVu Sans Mono',Menlo,Consolas,monospace" font-size="${FONT}">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="white"/>`,
    ...header(profile, title),
    ...boxes.map((box) => boxSvg(box, MARGIN + box.start * scale, tops.get(box.level)!, scale)),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

/** Starts of the rows that have boxes. */
function rowTops(boxes: readonly FlameBox[]): Map<FlameLevel, number> {
  const tops = new Map<FlameLevel, number>();
  let top = HEADER;
  for (const level of ['step', 'phase', 'operation', 'primitive'] as const) {
    if (!boxes.some((box) => box.level === level)) continue;
    tops.set(level, top);
    top += HEIGHTS[level] + GAP;
  }
  return tops;
}

function header(profile: StepProfile, title: string): string[] {
  const { entries, peaks, stepMilliseconds, engine } = profile;
  const { milliseconds, count, shareOfPeak } = summarise(entries, peaks);
  const bf16 = peaks.bf16 === undefined ? '' : `, bf16 ${giga(peaks.bf16)} GFLOP/s`;
  const lines = [
    `${engine}; measured peaks: f32 ${giga(peaks.f32)} GFLOP/s${bf16}, memory ${giga(peaks.memory)} GB/s`,
    `${count} primitives, ${time(milliseconds)} in all; an unprofiled step ${time(stepMilliseconds)}; ${percent(shareOfPeak)} of the roofline`,
  ];
  const room = WIDTH - 3 * MARGIN - LEGEND.width;
  const fits = (size: number): number => Math.floor(room / (size * ADVANCE));
  return [
    `<text x="${MARGIN}" y="24" font-size="17" font-weight="bold" fill="#111">${escapeXml(cut(title, fits(17)))}</text>`,
    ...lines.map(
      (line, i) =>
        `<text x="${MARGIN}" y="${44 + i * 17}" fill="#444">${escapeXml(cut(line, fits(FONT)))}</text>`,
    ),
    ...legend(),
  ];
}

function legend(): string[] {
  const left = WIDTH - MARGIN - LEGEND.width;
  const step = LEGEND.width / LEGEND.steps;
  const cells = Array.from({ length: LEGEND.steps }, (_, i) => {
    const fill = colourOf((i + 0.5) / LEGEND.steps);
    return `<rect x="${left + i * step}" y="30" width="${step + 0.5}" height="${LEGEND.height}" fill="${fill}"/>`;
  });
  const y = 30 + LEGEND.height + 15;
  return [
    `<text x="${left}" y="22" fill="#444">share of the machine’s peak</text>`,
    ...cells,
    `<text x="${left}" y="${y}" fill="#444">0%</text>`,
    `<text x="${left + LEGEND.width / 2}" y="${y}" text-anchor="middle" fill="#444">50%</text>`,
    `<text x="${left + LEGEND.width}" y="${y}" text-anchor="end" fill="#444">100%</text>`,
  ];
}

/** A box is a nested SVG, so that text that does not fit is clipped, whatever the font. */
function boxSvg(box: FlameBox, x: number, y: number, scale: number): string {
  const width = box.milliseconds * scale;
  const height = HEIGHTS[box.level];
  const inner = Math.max(width - 1, 0.5);
  const fill = colourOf(box.shareOfPeak);
  const title = [textOf(box), box.detail].filter((line) => line !== '').join('\n');
  return [
    `<svg x="${x.toFixed(2)}" y="${y}" width="${inner.toFixed(2)}" height="${height}">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="100%" height="100%" fill="${fill}"/>`,
    ...labels(box, inner, height, inkOn(fill)),
    '</svg>',
  ].join('');
}

function textOf(box: FlameBox): string {
  const count = box.level === 'primitive' && box.count > 1 ? ` ×${box.count}` : '';
  return `${box.label}${count}: ${figuresOf(box)}`;
}

function figuresOf({ milliseconds, shareOfStep, shareOfPeak, bound, flops, bytes }: FlameBox): string {
  const rate =
    bound === 'compute'
      ? `${(flops / milliseconds / 1e6).toFixed(0)} GFLOP/s`
      : `${(bytes / milliseconds / 1e6).toFixed(0)} GB/s`;
  return `${time(milliseconds)}, ${percent(shareOfStep)} of the step, ${rate}, ${percent(shareOfPeak)} of the peak`;
}

/** As many lines as fit, the most important first; upright in boxes that are higher than wide. */
function labels(box: FlameBox, width: number, height: number, ink: string): string[] {
  const count = box.level === 'primitive' && box.count > 1 ? `×${box.count}, ` : '';
  const short = `${count}${time(box.milliseconds)}, ${percent(box.shareOfStep)}, peak ${percent(box.shareOfPeak)}`;
  const upright = box.level === 'primitive' && width < height;
  const [along, across] = upright ? [height, width] : [width, height];
  const columns = Math.floor((along - 2 * PADDING) / (FONT * ADVANCE));
  const rows = Math.floor((across - 2) / LINE);
  if (columns < 3 || rows < 1) return [];
  const texts = rows === 1 ? [`${box.label}  ${short}`] : [box.label, short, ...wrap(detailOf(box), columns)];
  const lines = texts.slice(0, rows).map((text) => cut(text, columns));
  const first = (across - lines.length * LINE) / 2 + LINE - 4;
  const turn = upright ? ` transform="translate(0 ${height}) rotate(-90)"` : '';
  return lines.map(
    (line, i) =>
      `<text x="${PADDING}" y="${(first + i * LINE).toFixed(1)}"${turn} fill="${ink}" xml:space="preserve">${escapeXml(line)}</text>`,
  );
}

/** A primitive's detail without the kind, which is in the label already. */
function detailOf({ label, detail }: FlameBox): string {
  const kind = `${label.split(' ')[0]} `;
  return detail.startsWith(kind) ? detail.slice(kind.length) : detail;
}

/** Breaks a text at spaces; words that are too long are cut. */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns)
      lines[lines.length - 1] = `${last} ${word}`;
    else if (word !== '') lines.push(word);
  }
  return lines;
}

function cut(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, Math.max(columns - 1, 0))}…`;
}

function time(milliseconds: number): string {
  return `${milliseconds.toFixed(milliseconds < 10 ? 2 : 1)} ms`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)}%`;
}

function giga(rate: number): string {
  return (rate / 1e9).toFixed(0);
}
