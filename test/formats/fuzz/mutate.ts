import type { Samples } from '../../support/samples.js';
import { joinBytes, littleEndian } from '../support/bytes.js';

/** Changes a file in one place. */
type Mutation = (bytes: Uint8Array, samples: Samples, donors: readonly Uint8Array[]) => Uint8Array;

/** Numbers at which lengths, counts and offsets go wrong. */
const numbers = [
  0,
  1,
  2,
  7,
  8,
  64,
  127,
  128,
  255,
  256,
  65535,
  65536,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 40,
  2 ** 53,
  2 ** 63,
];

/** A part of a file, mostly a short one. */
function part(bytes: Uint8Array, samples: Samples): [start: number, end: number] {
  const start = samples.integer(0, bytes.length);
  const longest = samples.integer(0, 3) === 0 ? bytes.length : 16;
  return [start, Math.min(bytes.length, start + samples.integer(0, longest))];
}

function overwritten(bytes: Uint8Array, at: number, field: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy.set(field.subarray(0, Math.max(0, copy.length - at)), Math.min(at, copy.length));
  return copy;
}

const flipBit: Mutation = (bytes, samples) => {
  const copy = bytes.slice();
  if (copy.length > 0) copy[samples.integer(0, copy.length - 1)]! ^= 1 << samples.integer(0, 7);
  return copy;
};

const changeByte: Mutation = (bytes, samples) => {
  const byte = Uint8Array.of(samples.integer(0, 255));
  return overwritten(bytes, samples.integer(0, bytes.length), byte);
};

const changeNumber: Mutation = (bytes, samples) => {
  const size = samples.pick([1, 2, 4, 8] as const);
  const value = samples.pick(numbers as [number, ...number[]]);
  return overwritten(bytes, samples.integer(0, bytes.length), littleEndian([value, size]));
};

const truncate: Mutation = (bytes, samples) => bytes.slice(0, samples.integer(0, bytes.length));

const remove: Mutation = (bytes, samples) => {
  const [start, end] = part(bytes, samples);
  return joinBytes([bytes.subarray(0, start), bytes.subarray(end)]);
};

const repeat: Mutation = (bytes, samples) => {
  const [start, end] = part(bytes, samples);
  const copies = Array.from({ length: samples.integer(2, 40) }, () => bytes.subarray(start, end));
  return joinBytes([bytes.subarray(0, start), ...copies, bytes.subarray(end)]).slice(0, 2 ** 16);
};

const splice: Mutation = (bytes, samples, donors) => {
  const donor = samples.pick(donors as [Uint8Array, ...Uint8Array[]]);
  const [from, to] = part(donor, samples);
  const [start, end] = part(bytes, samples);
  return joinBytes([bytes.subarray(0, start), donor.subarray(from, to), bytes.subarray(end)]);
};

/** A digit takes another's place: sizes and offsets in JSON. */
const changeDigit: Mutation = (bytes, samples) => {
  const digits = [...bytes.keys()].filter((at) => bytes[at]! >= 0x30 && bytes[at]! <= 0x39);
  if (digits.length === 0) return bytes;
  const at = digits[samples.integer(0, digits.length - 1)]!;
  return overwritten(bytes, at, Uint8Array.of(0x30 + samples.integer(0, 9)));
};

const mutations = [flipBit, changeByte, changeNumber, truncate, remove, repeat, splice, changeDigit] as const;

/** A file changed in one to four places. `donors` are files that parts are taken from. */
export function mutate(bytes: Uint8Array, samples: Samples, donors: readonly Uint8Array[]): Uint8Array {
  let result = bytes;
  for (let left = samples.integer(1, 4); left > 0; left--)
    result = samples.pick(mutations)(result, samples, donors);
  return result;
}
