import { PickleWriter } from '../pickle/writer.js';
import { contiguousStrides } from '../strided.js';
import { bytesOf, elementCount, type StoredTensor, storedTensor } from '../tensor.js';
import { type ZipEntry, zipChunks } from '../zip/writeZip.js';
import type { TorchExtra } from './extras.js';
import { STORAGE_CLASSES } from './objects.js';

/** How a checkpoint is laid out. */
export interface TorchLayout {
  /** Key under which the state dict stands; null: the file is the state dict. Default null. */
  readonly wrapper?: string | null;
  /**
   * Plain values beside it, such as `acc`, `epoch` and `classes`; only with a wrapper. Whole numbers become int,
   * others float64 tensors of shape [], as `weights_only=True` of PyTorch 1.13 refuses float itself; lists of text
   * become lists, lists of numbers float64 tensors of shape [n].
   */
  readonly extras?: ReadonlyMap<string, TorchExtra>;
}

/** The folder name that PyTorch uses, too, for files without a name. */
const FOLDER = 'archive';

/**
 * A .pth file in the format of PyTorch 1.6 and later, as consecutive pieces, the tensors' own bytes
 * among them. `torch.load` takes it, with `weights_only=True` too: the state dict is an OrderedDict of
 * tensors on the CPU.
 *
 * @throws RangeError when extras come without a wrapper or have its name, a name is not valid Unicode, or the file would pass 4 GiB
 */
export function writeTorchCheckpoint(
  tensors: ReadonlyMap<string, StoredTensor>,
  { wrapper = null, extras = new Map() }: TorchLayout = {},
): Uint8Array[] {
  const writer = new PickleWriter();
  const storages = [...tensors.values()].map(({ data }) => data);
  if (wrapper === null) {
    if (extras.size > 0) throw new RangeError('a bare state dict has no place for other values');
    writeStateDict(writer, tensors);
  } else {
    if (extras.has(wrapper)) throw new RangeError(`${wrapper} is the state dict and another value`);
    writer.emptyDict().mark().text(wrapper);
    writeStateDict(writer, tensors);
    for (const [name, value] of extras) writeExtra(writer.text(name), value, storages);
    writer.setItems();
  }
  const entry = (name: string, data: Uint8Array): ZipEntry => ({ name: `${FOLDER}/${name}`, data });
  return zipChunks([
    entry('data.pkl', writer.finish()),
    entry('byteorder', new TextEncoder().encode('little')),
    ...storages.map((data, key) => entry(`data/${key}`, data)),
    entry('version', new TextEncoder().encode('3\n')),
  ]);
}

/** Writes a plain value; one that becomes a tensor adds its storage. */
function writeExtra(writer: PickleWriter, value: TorchExtra, storages: Uint8Array[]): void {
  if (typeof value === 'boolean') writer.boolean(value);
  else if (typeof value === 'string') writer.text(value);
  else if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) writer.integer(value);
    else writeFloats(writer, [], [value], storages);
  } else if (isNumbers(value)) writeFloats(writer, [value.length], value, storages);
  else {
    writer.emptyList().mark();
    for (const item of value) writer.text(item);
    writer.appends();
  }
}

function isNumbers(value: readonly string[] | readonly number[]): value is readonly number[] {
  return typeof value[0] === 'number';
}

function writeFloats(
  writer: PickleWriter,
  shape: readonly number[],
  values: readonly number[],
  storages: Uint8Array[],
): void {
  const tensor = storedTensor('f64', shape, bytesOf(Float64Array.from(values)));
  writeTensor(writer, tensor, String(storages.push(tensor.data) - 1));
}

function writeOrderedDict(writer: PickleWriter): void {
  writer.global('collections', 'OrderedDict').mark().tuple().reduce();
}

function writeStateDict(writer: PickleWriter, tensors: ReadonlyMap<string, StoredTensor>): void {
  writeOrderedDict(writer);
  writer.mark();
  let key = 0;
  for (const [name, tensor] of tensors) writeTensor(writer.text(name), tensor, String(key++));
  writer.setItems();
}

/** `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks)` */
function writeTensor(writer: PickleWriter, { dtype, shape }: StoredTensor, key: string): void {
  writer.global('torch._utils', '_rebuild_tensor_v2').mark();
  writer.mark().text('storage').global('torch', STORAGE_CLASSES[dtype]).text(key).text('cpu');
  writer.integer(elementCount(shape)).tuple().persistent();
  writer.integer(0);
  for (const numbers of [shape, contiguousStrides(shape)]) {
    writer.mark();
    for (const number of numbers) writer.integer(number);
    writer.tuple();
  }
  writer.boolean(false);
  writeOrderedDict(writer);
  writer.tuple().reduce();
}
