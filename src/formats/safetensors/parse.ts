import { errorMessage, UserError } from '../../errors.js';
import { DTYPE_BYTES, type StoredDType, type StoredTensors } from '../tensor.js';

/** Contents of a .safetensors file. */
export interface SafetensorsFile {
  readonly tensors: StoredTensors;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Greatest header that the format allows. */
const HEADER_LIMIT = 100_000_000;

/** The format's names of element types. */
export const SAFETENSORS_DTYPES: { readonly [D in StoredDType]: string } = {
  f64: 'F64',
  f32: 'F32',
  f16: 'F16',
  bf16: 'BF16',
  i64: 'I64',
  i32: 'I32',
  i16: 'I16',
  i8: 'I8',
  u8: 'U8',
  bool: 'BOOL',
};
const dtypeNames = new Map(
  Object.entries(SAFETENSORS_DTYPES).map(([dtype, name]) => [name, dtype as StoredDType]),
);

interface Entry {
  readonly name: string;
  readonly dtype: StoredDType;
  readonly shape: number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads a .safetensors file as strictly as the format asks: a header of at most 100 MB that is a JSON
 * object without repeated keys, and tensors that cover the data without holes or overlaps.
 *
 * @throws UserError naming the file and what is wrong
 */
export function parseSafetensors(bytes: Uint8Array, path: string): SafetensorsFile {
  const fail = (what: string): never => {
    throw new UserError(`${path} is not a valid safetensors file: ${what}`);
  };
  if (bytes.length < 8) fail(`it has ${bytes.length} bytes, fewer than the 8 of the header's length`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > HEADER_LIMIT) fail(`its header claims ${length} bytes, more than ${HEADER_LIMIT}`);
  if (8 + length > bytes.length)
    fail(`it is truncated: the header claims ${length} bytes, but ${bytes.length - 8} follow`);
  const header = parseHeader(bytes.subarray(8, 8 + length), fail);
  const data = bytes.subarray(8 + length);
  const entries: Entry[] = [];
  let metadata = new Map<string, string>();
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') metadata = parseMetadata(value, fail);
    else entries.push(parseEntry(name, value, fail));
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCover(entries, data.length, fail);
  const tensors: StoredTensors = new Map(
    entries.map(({ name, dtype, shape, begin, end }) => [
      name,
      { dtype, shape, data: data.subarray(begin, end) },
    ]),
  );
  return { tensors, metadata };
}

type Fail = (what: string) => never;

function parseHeader(bytes: Uint8Array, fail: Fail): Record<string, unknown> {
  if (bytes[0] !== 0x7b) fail('its header does not begin with {');
  let text = '';
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (error) {
    fail(`its header is not JSON (${errorMessage(error)})`);
  }
  if (!isRecord(header)) return fail('its header is no JSON object');
  const keys = topLevelKeys(text);
  if (new Set(keys).size !== keys.length) fail('its header has a key twice');
  return header;
}

/** Keys of the outermost object of valid JSON, repeated ones included (JSON.parse keeps the last of those alone). */
function topLevelKeys(text: string): string[] {
  const keys: string[] = [];
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (depth === 1 && /^\s*:/.test(text.slice(index + token.length, index + token.length + 8))) {
      keys.push(JSON.parse(token) as string);
    }
  }
  return keys;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseMetadata(value: unknown, fail: Fail): Map<string, string> {
  if (!isRecord(value)) return fail('__metadata__ is no object');
  return new Map(
    Object.entries(value).map(([key, text]) =>
      typeof text === 'string' ? [key, text] : fail(`metadata ${key} is no text`),
    ),
  );
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function parseEntry(name: string, value: unknown, fail: Fail): Entry {
  if (!isRecord(value)) return fail(`tensor ${name} is no object`);
  const { dtype: typeName, shape, data_offsets: offsets, ...others } = value;
  const dtype = dtypeNames.get(String(typeName));
  if (!dtype) return fail(`tensor ${name} has the unknown type ${String(typeName)}`);
  if (Object.keys(others).length > 0)
    return fail(`tensor ${name} has the unknown field ${Object.keys(others)[0]}`);
  if (!Array.isArray(shape) || !shape.every(isSize)) return fail(`tensor ${name} has no valid shape`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    return fail(`tensor ${name} has no valid data_offsets`);
  }
  const [begin, end] = offsets as [number, number];
  const size = (shape as number[]).reduce((product, dimension) => product * dimension, DTYPE_BYTES[dtype]);
  if (!Number.isSafeInteger(size) || end - begin !== size) {
    return fail(`tensor ${name} of shape [${shape.join(', ')}] takes ${size} bytes, but has ${end - begin}`);
  }
  return { name, dtype, shape: shape as number[], begin, end };
}

function checkCover(entries: readonly Entry[], length: number, fail: Fail): void {
  let position = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== position)
      fail(`tensor ${name} ${begin < position ? 'overlaps the one before it' : 'leaves a hole before it'}`);
    position = end;
  }
  if (position > length) fail(`it is truncated: its tensors take ${position} bytes, but ${length} are there`);
  if (position < length) fail(`${length - position} bytes follow its last tensor`);
}
