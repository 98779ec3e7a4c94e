import type { Metrics } from '../../runs/metricsFile.js';
import type { ThreadsSince } from '../../train/threads.js';
import type { ModelFigures } from '../figures.js';
import { valueText } from '../valueText.js';
import { calibrationSection } from './calibrationSection.js';
import { classesSection } from './classesSection.js';
import { curvesSection } from './curvesSection.js';
import { documentOf } from './document.js';
import { html, type Markup, type Piece, percent } from './html.js';
import { heatSection, imagesSection } from './imagesSection.js';
import { MATRIX_SCRIPT, matrixSection } from './matrixSection.js';

/** What a report shows. */
export interface RunReport {
  /** Name of the run. */
  readonly name: string;
  readonly metrics: Metrics;
  /** The columns of `loss_weights.csv`; absent where the loss weighs all images alike. */
  readonly weights?: Metrics | undefined;
  /** Or a sentence that says why they are unknown. */
  readonly settings: Readonly<Record<string, unknown>> | string;
  /** On how many threads it was computed since when; empty where that was not recorded. */
  readonly threads: readonly ThreadsSince[];
  /** What the model makes of its test images, or a sentence that says why that is missing. */
  readonly model: ModelFigures | string;
}

/** A report as a page of its own. */
export async function reportPage({
  name,
  metrics,
  weights,
  settings,
  threads,
  model,
}: RunReport): Promise<string> {
  const body = html`<header><h1>${name}</h1>${factsOf(metrics, threads)}</header>
<main>
${await curvesSection(metrics, weights)}
${typeof model === 'string' ? html`<section><h2>Model</h2><p>There are no figures of the model: ${model}.</p></section>` : await modelSections(model)}
${settingsSection(settings)}
</main>`;
  return documentOf(`${name}: report`, body, MATRIX_SCRIPT);
}

function factsOf(metrics: Metrics, threads: readonly ThreadsSince[]): Markup {
  const { test_top1: top1 = [], epoch = [], seconds = [], images_per_second: rates = [] } = metrics;
  const best = top1.reduce((at, value, i) => (value > top1[at]! ? i : at), 0);
  const minutes = seconds.reduce((sum, value) => sum + value, 0) / 60;
  const facts: (readonly [string, string])[] = [
    ['Best test top-1', `${percent(top1[best]! / 100)} in epoch ${epoch[best]}`],
    ['Last test top-1', percent(top1.at(-1)! / 100)],
    ['Epochs', String(epoch.length)],
    ['Training time', minutes < 90 ? `${minutes.toFixed(1)} min` : `${(minutes / 60).toFixed(1)} h`],
    ['Images per second', String(Math.round(rates.at(-1)!))],
    ...(threads.length > 0 ? [['Threads', threadsFact(threads)] as const] : []),
  ];
  return html`<dl class="facts">${facts.map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** `2`, or `1 to 2, changed 3 times`. */
function threadsFact(history: readonly ThreadsSince[]): string {
  const counts = history.map(({ threads }) => threads);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  if (least === most) return String(most);
  const changes = counts.length - 1;
  return `${least} to ${most}, changed ${changes === 1 ? 'once' : `${changes} times`}`;
}

/** Begins what a report says of its model. */
const FIGURES = 'The figures below are of ';

/** Whether a report has figures of the model. */
export function hasModelFigures(page: string): boolean {
  return page.includes(`<p>${FIGURES}`);
}

async function modelSections(model: ModelFigures): Promise<Piece> {
  const some = model.images < model.ofImages ? ` of ${model.ofImages}` : '';
  const changes = model.changes === undefined ? '' : html`<p>${model.changes}.</p>`;
  return html`<p>${FIGURES}${model.path} on ${model.images}${some} test images: top-1 ${percent(model.top1)}. Images are shown as the model sees them.</p>${changes}
${classesSection(model.classes)}
${matrixSection(model.matrix)}
${await calibrationSection(model.calibration)}
${imagesSection(model.lists)}
${heatSection(model.heat)}`;
}

function settingsSection(settings: RunReport['settings']): Markup {
  if (typeof settings === 'string')
    return html`<section><h2>Settings</h2><p>The run’s settings are unknown: ${settings}.</p></section>`;
  const rows = Object.entries(settings).map(
    ([key, value]) => html`<tr><th scope="row">${key}</th><td class="text">${valueText(value)}</td></tr>`,
  );
  return html`<section aria-labelledby="settings"><h2 id="settings">Settings</h2>
<div class="card scroll" tabindex="0" role="region" aria-label="Settings of the run"><table><thead><tr><th scope="col" class="name">setting</th><th scope="col" class="name">value</th></tr></thead><tbody>${rows}</tbody></table></div></section>`;
}
