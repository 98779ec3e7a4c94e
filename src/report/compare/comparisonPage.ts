import { chartCard } from '../page/curvesSection.js';
import { documentOf } from '../page/document.js';
import { html, type Markup } from '../page/html.js';
import type { Comparison } from './comparison.js';
import { comparisonTables, type TextTable } from './tables.js';

/** A comparison as a page of its own: the curves and the tables. */
export async function comparisonPage(comparison: Comparison): Promise<string> {
  const { metric, runs } = comparison;
  const lines = runs.map(({ name, epochs, values }) => ({ label: name, x: epochs, y: values }));
  const chart = await chartCard(metric, `${metric} of each run over epochs; the tables have the numbers.`, {
    xLabel: 'epoch',
    yLabel: metric,
    lines,
    width: 900,
    height: 360,
  });
  const title = `Comparison of ${runs.length} runs`;
  return documentOf(
    title,
    html`<header><h1>${title}</h1></header><main><section><h2>Curves</h2>${chart}</section>${comparisonTables(comparison).map(section)}</main>`,
  );
}

function section({ title, header, rows }: TextTable): Markup {
  const body = rows.map(
    ([name, ...cells]) =>
      html`<tr><th scope="row">${name}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`,
  );
  const head = header.map(
    (cell, i) => html`<th scope="col"${i === 0 ? html` class="name"` : undefined}>${cell}</th>`,
  );
  return html`<section><h2>${title}</h2><div class="card scroll" tabindex="0" role="region" aria-label="${title}"><table>
<thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div></section>`;
}
