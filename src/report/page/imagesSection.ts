import type { HeatImage, ImageList } from '../figures.js';
import { html, type Markup } from './html.js';

/** Images that are worth looking at. */
export function imagesSection(lists: readonly ImageList[]): Markup {
  const cards = lists.map(
    ({
      heading,
      explanation,
      images,
    }) => html`<div class="card"><h3>${heading}</h3><p class="muted">${explanation}</p>
${images.length === 0 ? html`<p>None.</p>` : html`<ul class="images">${images.map(({ address, number, text, isSmall }) => html`<li><img src="${address}" alt="Test image ${number}"${small(isSmall)}><span>${text}</span></li>`)}</ul>`}</div>`,
  );
  return html`<section aria-labelledby="images"><h2 id="images">Images</h2><div class="grid">${cards}</div></section>`;
}

/** Grad-CAM of some images. */
export function heatSection(images: readonly HeatImage[]): Markup {
  const items = images.map(
    ({ address, heatAddress, number, text, isSmall }) =>
      html`<li><img src="${address}" alt="Test image ${number}"${small(isSmall)}><img src="${heatAddress}" alt="What counted in it"><span>${text}</span></li>`,
  );
  return html`<section aria-labelledby="heat"><h2 id="heat">Where the model looks (Grad-CAM)</h2>
<p class="muted">What speaks for the predicted class is yellow to red. Images that were wrong with the greatest loss, then images that were right.</p>
<div class="card"><ul class="images pairs">${items}</ul></div></section>`;
}

/** Few pixels are shown as squares. */
function small(isSmall: boolean): Markup | undefined {
  return isSmall ? html` class="small"` : undefined;
}
