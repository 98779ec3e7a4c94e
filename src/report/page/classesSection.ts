import { type ClassFigures, classAverages, type FigureMeans } from '../../train/classFigures.js';
import { html, type Markup, percent } from './html.js';

/** Precision, recall and F1 of each class, the worst first. */
export function classesSection(figures: readonly ClassFigures[]): Markup {
  const worstFirst = figures.toSorted(
    (a, b) => (Number.isNaN(a.f1) ? 2 : a.f1) - (Number.isNaN(b.f1) ? 2 : b.f1),
  );
  const rows = worstFirst.map(
    ({ name, images, precision, recall, f1 }) =>
      html`<tr><th scope="row">${name}</th><td>${images}</td><td>${percent(precision)}</td><td>${percent(recall)}</td><td>${percent(f1)}</td></tr>`,
  );
  const { macro, weighted, balancedAccuracy } = classAverages(figures);
  const means = (name: string, { precision, recall, f1 }: FigureMeans): Markup =>
    html`<tr><th scope="row">${name}</th><td></td><td>${percent(precision)}</td><td>${percent(recall)}</td><td>${percent(f1)}</td></tr>`;
  return html`<section aria-labelledby="classes"><h2 id="classes">Classes</h2>
<p>Balanced accuracy, the mean recall of the classes: <strong>${percent(balancedAccuracy)}</strong>.</p>
<p class="muted" id="class-figures">Precision: share of the images predicted as the class that are of it. Recall: share of the class’s images that are predicted as it. F1: their harmonic mean. The worst classes come first.</p>
<div class="card scroll" tabindex="0" role="region" aria-label="Figures of each class"><table aria-describedby="class-figures">
<thead><tr><th scope="col" class="name">class</th><th scope="col">images</th><th scope="col">precision</th><th scope="col">recall</th><th scope="col">F1</th></tr></thead>
<tbody>${rows}${means('mean of the classes', macro)}${means('mean of the images', weighted)}</tbody></table></div></section>`;
}
