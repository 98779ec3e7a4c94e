import type { Calibration } from '../../train/calibration.js';
import { chartCard } from './curvesSection.js';
import { html, type Markup, percent } from './html.js';

/** The reliability diagram with its numbers. */
export async function calibrationSection({ bins, error }: Calibration): Promise<Markup> {
  const filled = bins.filter(({ images }) => images > 0);
  const diagonal = {
    label: 'perfectly calibrated',
    x: [0, 1],
    y: [0, 1],
    colour: 'var(--muted)',
    dashed: true,
  };
  const chart = await chartCard(
    'Reliability diagram',
    `Share of right predictions by probability; the expected calibration error is ${percent(error)}. The table has the numbers.`,
    {
      xLabel: 'probability of the predicted class',
      yLabel: 'share that is right',
      lines: [diagonal],
      bars: filled.map(({ from, to, accuracy: value }) => ({ from, to, value })),
      xDomain: [0, 1],
      yDomain: [0, 1],
    },
  );
  const rows = filled.map(
    ({ from, to, images, confidence, accuracy }) =>
      html`<tr><th scope="row">${percent(from)} to ${percent(to)}</th><td>${images}</td><td>${percent(confidence)}</td><td>${percent(accuracy)}</td></tr>`,
  );
  return html`<section aria-labelledby="calibration"><h2 id="calibration">Calibration</h2>
<p>Expected calibration error (ECE, ${bins.length} bins): <strong>${percent(error)}</strong>. Bars below the diagonal: the model is surer than it is right.</p>
<div class="grid">${chart}<div class="card scroll" tabindex="0" role="region" aria-label="Calibration by probability"><table>
<thead><tr><th scope="col" class="name">probability</th><th scope="col">images</th><th scope="col">mean</th><th scope="col">right</th></tr></thead><tbody>${rows}</tbody></table></div></div></section>`;
}
