import { html, Markup, type Piece } from './html.js';

/** Light and dark as the reader's system has it; widths from a phone's on. */
const STYLE = `
:root { color-scheme: light dark; --page: #fff; --card: #f6f7f9; --text: #1f2328; --muted: #57606a; --grid: #d8dee4;
  --accent: #0b5cad; --series-1: #0072b2; --series-2: #c24e00; --series-3: #00785a; --series-4: #a34b80; --heat: 0, 114, 178; }
@media (prefers-color-scheme: dark) {
  :root { --page: #14171c; --card: #1e232a; --text: #e6e9ee; --muted: #a3adba; --grid: #39424e;
    --accent: #6cb6ff; --series-1: #56b4e9; --series-2: #f0985a; --series-3: #3fc79a; --series-4: #e39cc4; --heat: 40, 110, 160; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 76rem; background: var(--page); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0.5rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2rem 0 0.5rem; }
h3 { font-size: 1rem; margin: 0 0 0.5rem; }
p { max-width: 46rem; }
.muted, figcaption { color: var(--muted); font-size: 0.875rem; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem; }
.card { background: var(--card); border-radius: 0.5rem; padding: 1rem; min-width: 0; margin: 0; }
.facts { display: flex; flex-wrap: wrap; gap: 0.75rem; padding: 0; margin: 1rem 0; }
.facts div { background: var(--card); border-radius: 0.5rem; padding: 0.5rem 1rem; }
.facts dt { color: var(--muted); font-size: 0.875rem; }
.facts dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.chart svg { width: 100%; height: auto; display: block; }
.chart.wide { overflow-x: auto; }
.chart.wide svg { min-width: 44rem; }
.scroll { overflow: auto; max-height: 36rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.25rem 0.6rem; text-align: right; border-bottom: 1px solid var(--grid); font-weight: normal; }
thead th { position: sticky; top: 0; background: var(--card); font-weight: 600; }
th[scope=row], th.name, td.text { text-align: left; }
caption { text-align: left; color: var(--muted); font-size: 0.875rem; padding-bottom: 0.5rem; }
td.text { overflow-wrap: anywhere; }
td.best { font-weight: 700; }
.matrix th, .matrix td { padding: 0; border: 0; font-size: 0.8rem; }
.matrix thead th { vertical-align: bottom; z-index: 1; }
.matrix thead th span { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 8rem; overflow: hidden; }
.matrix th[scope=row] { padding-right: 0.5rem; white-space: nowrap; position: sticky; left: 0; background: var(--card); }
.matrix td { width: 2.1rem; height: 1.8rem; text-align: center; background: rgba(var(--heat), calc(0.6 * var(--share, 0))); }
.matrix button { width: 100%; height: 100%; min-height: 1.8rem; border: 0; background: none; color: inherit; font: inherit; cursor: pointer; padding: 0; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: -2px; }
.images { display: flex; flex-wrap: wrap; gap: 0.75rem; padding: 0; margin: 0; list-style: none; }
.images li { width: 6rem; font-size: 0.75rem; overflow-wrap: anywhere; line-height: 1.3; }
.images img { width: 6rem; height: 6rem; image-rendering: auto; border-radius: 0.25rem; display: block; margin-bottom: 0.25rem; }
.images span { display: block; }
.images.pairs li { width: 12.25rem; }
.images.pairs img { display: inline-block; margin-right: 0.25rem; width: 5.9rem; height: 5.9rem; }
.images img.small { image-rendering: pixelated; }
#cell { margin-top: 1rem; min-height: 3rem; }
`;

/** The addresses of embedded images are the only ones that the page may load. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/** A page of its own: everything is in it, and it asks no host for anything. */
export function documentOf(title: string, body: Piece, script = ''): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${new Markup(POLICY)}">
<title>${title}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
${body}
${script === '' ? undefined : new Markup(`<script>${script}</script>`)}
</body>
</html>
`;
  return page.text;
}
