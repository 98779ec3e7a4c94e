import { quoted } from '../quote.js';
import { MAX_RANK } from '../strided.js';
import { checkedElementCount, DTYPE_BYTES, type StoredDType } from '../tensor.js';
import { DTYPE_NAMES, METADATA_KEY } from './format.js';
import { HeaderError, HeaderText } from './headerText.js';

/** What a header says of a tensor: `begin` and `end` count from the first byte after the header. */
export interface HeaderEntry {
  readonly name: string;
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** A parsed header; entries are in its order. */
export interface Header {
  readonly entries: readonly HeaderEntry[];
  readonly metadata: ReadonlyMap<string, string>;
}

const dtypes = new Map(
  (Object.keys(DTYPE_NAMES) as StoredDType[]).map((dtype) => [DTYPE_NAMES[dtype], dtype]),
);

/** Parses a header and checks each entry by itself. @throws HeaderError */
export function parseHeader(text: string): Header {
  const entries: HeaderEntry[] = [];
  let metadata = new Map<string, string>();
  const source = new HeaderText(text);
  source.object((key) => {
    if (key === METADATA_KEY) metadata = parseMetadata(source);
    else entries.push(parseEntry(source, key));
  });
  source.end();
  return { entries, metadata };
}

function parseMetadata(source: HeaderText): Map<string, string> {
  const metadata = new Map<string, string>();
  source.object((key) => metadata.set(key, source.string()));
  return metadata;
}

function naturals(source: HeaderText, limit: number, what: string): number[] {
  const values: number[] = [];
  source.sequence('[', ']', () => {
    values.push(source.natural());
    if (values.length > limit) throw new HeaderError(`has ${what} of more than ${limit} numbers`);
  });
  return values;
}

function parseEntry(source: HeaderText, name: string): HeaderEntry {
  const label = quoted(name);
  let typeName: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  source.object((key) => {
    if (key === 'dtype') typeName = source.string();
    else if (key === 'shape') shape = naturals(source, MAX_RANK, `a shape for ${label}`);
    else if (key === 'data_offsets') offsets = naturals(source, 2, `offsets for ${label}`);
    else throw new HeaderError(`has the unknown field ${quoted(key)} for ${label}`);
  });
  if (typeName === undefined || shape === undefined || offsets === undefined)
    throw new HeaderError(`lacks dtype, shape or data_offsets for ${label}`);
  const dtype = dtypes.get(typeName);
  if (dtype === undefined)
    throw new HeaderError(
      `gives ${label} the type ${quoted(typeName)}, but only ${[...dtypes.keys()].join(', ')} can be read`,
    );
  return checkedEntry(label, { name, dtype, shape, begin: offsets[0] ?? 0, end: offsets[1] ?? -1 });
}

function checkedEntry(label: string, entry: HeaderEntry): HeaderEntry {
  const { dtype, shape, begin, end } = entry;
  const count = checkedElementCount(shape);
  if (count === undefined) throw new HeaderError(`gives ${label} a shape too large: [${shape.join(', ')}]`);
  if (end - begin !== count * DTYPE_BYTES[dtype]) {
    throw new HeaderError(
      `gives ${label} bytes ${begin} to ${end}, which do not hold ${DTYPE_NAMES[dtype]} [${shape.join(', ')}]`,
    );
  }
  return entry;
}
