/** A table as CSV (RFC 4180), without a line break at the end. */
export function csvTable(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [header, ...rows].map(csvRow).join('\n');
}

/** A row of such a table. NaN, which is a figure that is not defined, is an empty cell. */
export function csvRow(cells: readonly (string | number)[]): string {
  return cells.map((cell) => (typeof cell === 'number' ? numberText(cell) : quoted(cell))).join(',');
}

const numberText = (value: number): string => (Number.isNaN(value) ? '' : String(value));

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
