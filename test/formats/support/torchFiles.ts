/** PyTorch files put together by hand, so that they can be wrong in every way. */
import { zipChunks } from '../../../src/formats/zip/writeZip.js';
import { joinBytes, latin1Bytes, littleEndian } from './bytes.js';

/** An integer as a pickle has it. */
export function int(value: number): string {
  return `J${Buffer.from(littleEndian([value < 0 ? value + 2 ** 32 : value, 4])).toString('latin1')}`;
}

/** Text as a pickle has it. */
export function text(value: string): string {
  return `X${Buffer.from(littleEndian([value.length, 4])).toString('latin1')}${value}`;
}

/** A tuple of given items. */
export function tuple(...items: string[]): string {
  return `(${items.join('')}t`;
}

/** A dict of given values. */
export function dict(entries: Readonly<Record<string, string>>): string {
  const items = Object.entries(entries).map(([key, value]) => text(key) + value);
  return `}(${items.join('')}u`;
}

/** Where a tensor's elements lie. */
export interface TensorPlace {
  readonly key?: string;
  readonly storage?: string;
  /** Elements of the storage. */
  readonly total: number;
  readonly offset?: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  /** The legacy format's view of the storage, as pickled. */
  readonly view?: string;
}

/** A tensor, as torch.save pickles it. */
export function tensor(place: TensorPlace): string {
  const { key = '0', storage = 'FloatStorage', total, offset = 0, shape, strides, view = '' } = place;
  const id = tuple(text('storage'), `ctorch\n${storage}\n`, text(key), text('cpu'), int(total), view);
  const hooks = 'ccollections\nOrderedDict\n)R';
  return `ctorch._utils\n_rebuild_tensor_v2\n${tuple(`${id}Q`, int(offset), tuple(...shape.map(int)), tuple(...strides.map(int)), '\x89', hooks)}R`;
}

/** A checkpoint in the ZIP format, of a pickled object and storages. */
export function zipFile(object: string, storages: Readonly<Record<string, Uint8Array>>): Uint8Array {
  return joinBytes(
    zipChunks([
      { name: 'a/data.pkl', data: latin1Bytes(`\x80\x02${object}.`) },
      ...Object.entries(storages).map(([key, data]) => ({ name: `a/data/${key}`, data })),
      { name: 'a/version', data: latin1Bytes('3\n') },
    ]),
  );
}

/** The first three objects of a legacy checkpoint. */
export const LEGACY_HEAD = [
  '\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.',
  '\x80\x02M\xe9\x03.',
  `\x80\x02${dict({ protocol_version: 'M\xe9\x03', little_endian: '\x88' })}.`,
];

/** A checkpoint in the format before 1.6; each storage has its number of elements and its bytes. */
export function legacyFile(
  object: string,
  storages: readonly (readonly [key: string, count: number, data: Uint8Array])[],
  head: readonly string[] = LEGACY_HEAD,
): Uint8Array {
  const keys = `](${storages.map(([key]) => text(key)).join('')}e`;
  return joinBytes([
    latin1Bytes(`${head.join('')}\x80\x02${object}.\x80\x02${keys}.`),
    ...storages.flatMap(([, count, data]) => [littleEndian([count, 8]), data]),
  ]);
}

/** Bytes of 32-bit floats. */
export function floatBytes(...values: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}
