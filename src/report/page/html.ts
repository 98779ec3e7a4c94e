/** A piece of HTML that needs no escaping. */
export class Markup {
  constructor(readonly text: string) {}
}

/** What may stand in a template: text is escaped, pieces are joined, nothing stays nothing. */
export type Piece = Markup | string | number | undefined | readonly Piece[];

/** HTML of a template; what is put into it is escaped, unless it is {@link Markup}. */
export function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  return new Markup(strings.map((text, i) => text + textOf(pieces[i])).join(''));
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function textOf(piece: Piece): string {
  if (piece === undefined) return '';
  if (piece instanceof Markup) return piece.text;
  if (typeof piece === 'object') return piece.map(textOf).join('');
  return String(piece).replace(/[&<>"]/g, (character) => ESCAPES[character]!);
}

/** Data for a page's script, in an element that is found by its id. */
export function jsonScript(id: string, data: unknown): Markup {
  const text = JSON.stringify(data).replaceAll('<', '\\u003c');
  return new Markup(`<script type="application/json" id="${id}">${text}</script>`);
}

/** A share as a percentage; a dash where it is not defined. */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(1)}%` : '–';
}
