import { UserError } from '../../errors.js';
import { linesOf } from './textFile.js';

/** A folder, its class number and its name if that is given. */
export type ClassMapEntry = readonly [folder: string, label: number, name?: string];

/** A line and what lies between its commas, semicolons or tabs. */
interface Row {
  readonly line: string;
  readonly fields: readonly string[];
}

/** Which of the first two columns has the folders. */
type FolderColumn = 0 | 1;

/**
 * Entries of a class map in lines: CSV, with the folder or the number first, or a folder, blanks and a number.
 * Where both are numbers, the folder's column is that of the other lines, else the one that the first line names.
 *
 * @returns with a note where neither tells the columns apart, and the first is taken
 * @throws UserError for a line that is neither
 */
export function lineEntries(
  text: string,
  path: string,
): { readonly entries: readonly ClassMapEntry[]; readonly note: string | undefined } {
  const lines = linesOf(text).map((line) => ({ ...line, fields: fieldsOf(line.line) }));
  const [first] = lines;
  const titles = first && first.fields.length > 1 && !entryOf(first, 0) ? first.fields : undefined;
  const rows = titles ? lines.slice(1) : lines;
  const column = columnOfOthers(rows) ?? (titles && columnOfTitles(titles));
  const entries = rows.map((row): ClassMapEntry => {
    const entry = entryOf(row, column ?? 0);
    if (entry) return entry;
    throw new UserError(
      `${path}, line ${row.number}: expected a folder and a class number, found "${row.line}"`,
    );
  });
  const note = `the class map ${path} has numbers in both columns, of which the first is taken for the folders: a first line label,folder would turn that round, and folder,label confirm it`;
  return { entries, note: column === undefined && !isSameTurned(rows) ? note : undefined };
}

const isDigits = (text: string | undefined): text is string => text !== undefined && /^\d+$/.test(text);

/** The column of the folders by the lines with one number; undefined if there are none, or they differ. */
function columnOfOthers(rows: readonly Row[]): FolderColumn | undefined {
  const columns = new Set(
    rows
      .filter(({ fields: [first, second] }) => isDigits(first) !== isDigits(second))
      .map(({ fields: [first] }): FolderColumn => (isDigits(first) ? 1 : 0)),
  );
  return columns.size === 1 ? [...columns][0] : undefined;
}

/** Usual titles of the two columns, without blanks and other marks. */
const FOLDER_TITLE = /^(folder|subfolder|dir|directory|synset|wnid)(s|name|id)?$/;
const NUMBER_TITLE = /^(class|label|target)?(label|target|index|idx|id|number|no|num)s?$/;

/** The column of the folders by the titles of the first two; undefined if they do not say. */
function columnOfTitles([first = '', second = '']: readonly string[]): FolderColumn | undefined {
  const titles = [first, second].map((title) => title.toLowerCase().replace(/[^\p{L}]/gu, ''));
  const only = (pattern: RegExp): number | undefined => {
    const matches = titles.flatMap((title, i) => (pattern.test(title) ? [i] : []));
    return matches.length === 1 ? matches[0] : undefined;
  };
  const [folder, number] = [only(FOLDER_TITLE), only(NUMBER_TITLE)];
  if (folder === undefined && number === undefined) return undefined;
  return folder === 0 || (folder === undefined && number === 1) ? 0 : 1;
}

/** Whether lines of two numbers say the same when their columns change places. */
function isSameTurned(rows: readonly Row[]): boolean {
  const pairs = rows
    .map(({ fields }) => fields)
    .filter(([first, second]) => isDigits(first) && isDigits(second));
  const said = new Set(pairs.map(([first, second]) => `${first},${second}`));
  return pairs.every(([first, second]) => said.has(`${second},${first}`));
}

/** A line's entry. @param column that of the folder where both fields are numbers */
function entryOf({ line, fields }: Row, column: FolderColumn): ClassMapEntry | undefined {
  return csvEntry(fields, column) ?? spacedEntry(line);
}

/** Folder and number, or number and folder; a third field is the class's name. */
function csvEntry(
  [first, second, third]: readonly string[],
  column: FolderColumn,
): ClassMapEntry | undefined {
  const named = (folder: string, label: string): ClassMapEntry =>
    third ? [folder, Number(label), third] : [folder, Number(label)];
  const isTurned = isDigits(first) && (column === 1 || !isDigits(second));
  if (isTurned) return second ? named(second, first) : undefined;
  return first && isDigits(second) ? named(first, second) : undefined;
}

/** The folder, with or without quotes, blanks, and the number. */
function spacedEntry(line: string): ClassMapEntry | undefined {
  const match = /^(?:"(.+)"|'(.+)'|(.*\S))[\s,;]+"?(\d+)"?$/.exec(line);
  return match ? [(match[1] ?? match[2] ?? match[3])!, Number(match[4])] : undefined;
}

/** The fields of a line of CSV, whose separator is a comma, semicolon or tab; a quoted field may contain it. */
function fieldsOf(line: string): string[] {
  const fields = line.match(/(?:^|[,;\t])(?:\s*"(?:[^"]|"")*"\s*|[^,;\t]*)/g) ?? [];
  return fields.map((field) => {
    const text = field.replace(/^[,;\t]/, '').trim();
    return /^".*"$/.test(text) ? text.slice(1, -1).replaceAll('""', '"') : text;
  });
}
