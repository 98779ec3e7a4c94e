import type { Metrics } from '../../runs/metricsFile.js';
import { type Chart, chartSvg, type Line } from '../charts/chart.js';
import { PAGE_THEME } from '../charts/theme.js';
import { html, Markup } from './html.js';

/** Width of a plot; wider ones are not made narrower for a phone, but scrolled. */
const WIDTH = 400;

/** A chart in a card, with a caption; `alt` says in words what it shows. */
export async function chartCard(heading: string, alt: string, chart: Chart): Promise<Markup> {
  const svg = await chartSvg({ width: WIDTH, height: 230, theme: PAGE_THEME, ...chart });
  const isWide = (chart.width ?? WIDTH) > WIDTH;
  return html`<figure class="card"><h3>${heading}</h3><div class="chart${isWide ? ' wide' : ''}"${isWide ? html` tabindex="0"` : undefined} role="img" aria-label="${alt}">${new Markup(svg.replace('<svg ', '<svg aria-hidden="true" '))}</div></figure>`;
}

/** A figure's first, last, least and greatest values in words. */
function inWords({ label, x, y }: Line): string {
  const finite = y.filter(Number.isFinite);
  if (finite.length === 0) return `${label}: no value`;
  const short = (value: number): number => Number(value.toPrecision(4));
  const [least, greatest] = [Math.min(...finite), Math.max(...finite)];
  return `${label}: ${short(y[0]!)} in epoch ${x[0]}, ${short(y.at(-1)!)} in epoch ${x.at(-1)}, least ${short(least)}, greatest ${short(greatest)}`;
}

/** Charts of columns of `metrics.csv`: the column and what the line is called. */
const CHARTS: readonly {
  readonly heading: string;
  readonly yLabel: string;
  readonly columns: readonly (readonly [column: string, label: string])[];
}[] = [
  {
    heading: 'Accuracy',
    yLabel: 'top-1, %',
    columns: [
      ['test_top1', 'test'],
      ['train_top1', 'training'],
    ],
  },
  {
    heading: 'Top-5 accuracy',
    yLabel: 'top-5, %',
    columns: [
      ['test_top5', 'test'],
      ['train_top5', 'training'],
    ],
  },
  {
    heading: 'Losses',
    yLabel: 'loss',
    columns: [
      ['test_cross_entropy', 'test cross-entropy'],
      ['train_cross_entropy', 'training cross-entropy'],
      ['train_loss', 'training loss'],
    ],
  },
  { heading: 'Learning rate', yLabel: 'learning rate', columns: [['learning_rate', 'learning rate']] },
  { heading: 'Throughput', yLabel: 'images per second', columns: [['images_per_second', 'training']] },
];

/** The curves of a run. @param weights the columns of `loss_weights.csv`, where the loss weighs images */
export async function curvesSection(metrics: Metrics, weights: Metrics | undefined): Promise<Markup> {
  const cards: Markup[] = [];
  for (const { heading, yLabel, columns } of CHARTS) {
    const lines = columns.flatMap(([column, label]): Line[] => {
      const y = metrics[column];
      return y ? [{ label, x: metrics.epoch!, y }] : [];
    });
    if (lines.length === 0) continue;
    const alt = `${heading} over epochs. ${lines.map(inWords).join('. ')}.`;
    cards.push(await chartCard(heading, alt, { xLabel: 'epoch', yLabel, lines }));
  }
  return html`<section aria-labelledby="curves"><h2 id="curves">Training</h2><div class="grid">${cards}</div></section>
${weights && (await weightsSection(weights))}`;
}

/** How the weights z(v), and the variances that they follow from, spread over the images of each epoch. */
async function weightsSection(weights: Metrics): Promise<Markup> {
  const spread = async (heading: string, name: string, yLabel: string): Promise<Markup> => {
    const column = (end: string): readonly number[] => weights[`${name}_${end}`] ?? [];
    const x = weights.epoch!;
    const line = { label: 'median', x, y: column('median') };
    const bands = [
      { x, low: column('p5'), high: column('p95') },
      { x, low: column('p25'), high: column('p75') },
    ];
    return chartCard(heading, `${heading} over epochs. ${inWords(line)}.`, {
      xLabel: 'epoch',
      yLabel,
      lines: [line],
      bands,
    });
  };
  const cards = [
    await spread('Weights z(v)', 'weight', 'weight'),
    await spread('Variances of features', 'variance', 'variance'),
  ];
  return html`<section aria-labelledby="weights"><h2 id="weights">What the bias loss weighed</h2>
<p class="muted">The line is the median over the training images of an epoch, the dark band the middle half of them, the light band all but the lowest and highest 5%.</p>
<div class="grid">${cards}</div></section>`;
}
