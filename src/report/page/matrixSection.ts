import type { MatrixCell, MatrixFigures } from '../figures.js';
import { html, jsonScript, type Markup } from './html.js';

/** The confusion matrix. A cell is a button, which shows the cell's images. */
export function matrixSection({ names, cells, thumbnails, ofClasses }: MatrixFigures): Markup {
  const byPlace = new Map(cells.map((cell) => [`${cell.row},${cell.column}`, cell]));
  const most = Math.max(1, ...cells.map(({ count }) => count));
  const rows = names.map((name, row) => {
    const fields = names.map((_, column) => {
      const cell = byPlace.get(`${row},${column}`);
      return cell ? field(cell, names, most) : html`<td></td>`;
    });
    return html`<tr><th scope="row">${name}</th>${fields}</tr>`;
  });
  const limited =
    ofClasses > names.length
      ? ` The ${names.length} of ${ofClasses} classes that are in most mistakes are shown.`
      : '';
  return html`<section aria-labelledby="confusion"><h2 id="confusion">Confusion matrix</h2>
<p class="muted">Rows are the images’ classes, columns the predicted classes. Choose a cell to see its images; arrow keys move between cells.${limited}</p>
<div class="card scroll"><table class="matrix" id="matrix"><caption>Test images by class and prediction</caption>
<thead><tr><td></td>${names.map((name) => html`<th scope="col"><span>${name}</span></th>`)}</tr></thead><tbody>${rows}</tbody></table></div>
<div id="cell" class="card" aria-live="polite"><p class="muted">No cell is chosen.</p></div>
${jsonScript('thumbnails', thumbnails)}</section>`;
}

function field({ row, column, count, images }: MatrixCell, names: readonly string[], most: number): Markup {
  const share = count / most;
  const what = row === column ? `${names[row]} recognised` : `${names[row]} mistaken for ${names[column]}`;
  return html`<td style="--share:${share.toFixed(2)}"><button type="button" tabindex="-1" data-row="${row}" data-column="${column}" data-images="${images.join(' ')}" aria-label="${what}: ${count}">${count}</button></td>`;
}

/** Shows a chosen cell's images, and moves between cells by the arrow keys. */
export const MATRIX_SCRIPT = `
(() => {
  const matrix = document.getElementById('matrix');
  if (!matrix) return;
  const thumbnails = JSON.parse(document.getElementById('thumbnails').textContent);
  const panel = document.getElementById('cell');
  const buttons = [...matrix.querySelectorAll('button')];
  if (buttons[0]) buttons[0].tabIndex = 0;
  const show = (button) => {
    const ids = button.dataset.images.split(' ').filter(Boolean);
    const heading = document.createElement('h3');
    heading.textContent = button.getAttribute('aria-label') + (ids.length < Number(button.textContent) ? ' (' + ids.length + ' shown)' : '');
    const list = document.createElement('ul');
    list.className = 'images';
    for (const id of ids) {
      const [address, text] = thumbnails[id];
      const item = document.createElement('li');
      const image = document.createElement('img');
      image.src = address;
      image.alt = 'Test image ' + id;
      item.append(image, text);
      list.append(item);
    }
    panel.replaceChildren(heading, list);
  };
  const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  matrix.addEventListener('click', ({ target }) => { if (target.dataset.images !== undefined) show(target); });
  matrix.addEventListener('keydown', (event) => {
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    const place = (button) => [Number(button.dataset.row), Number(button.dataset.column)];
    const [row, column] = place(event.target);
    const ahead = buttons.map((button) => [button, place(button)]).filter(([, [r, c]]) =>
      move[0] === 0 ? r === row && (c - column) * move[1] > 0 : c === column && (r - row) * move[0] > 0);
    const distance = ([, [r, c]]) => Math.abs(r - row) + Math.abs(c - column);
    ahead.sort((a, b) => distance(a) - distance(b));
    if (!ahead[0]) return;
    event.target.tabIndex = -1;
    ahead[0][0].tabIndex = 0;
    ahead[0][0].focus();
  });
})();
`;
