import { withFileName } from '../pickle/readPickle.js';
import type { PickleValue } from '../pickle/values.js';
import { PickleFault, textOf } from '../pickle/values.js';
import { type StoredTensors, toFloat64 } from '../tensor.js';
import { isZip } from '../zip/readZip.js';
import { openLegacyCheckpoint } from './legacySource.js';
import { materialiser } from './materialise.js';
import { TorchTensor } from './objects.js';
import { unwrap, type Wrapper } from './unwrap.js';
import { openZipCheckpoint } from './zipSource.js';

/** A number, text or boolean that stands beside the tensors, such as an epoch. */
export type TorchExtra = number | string | boolean;

/** Contents of a PyTorch checkpoint. */
export interface TorchCheckpoint {
  /** In the order of the file, contiguous; data are views of the file's bytes where that is possible. */
  readonly tensors: StoredTensors;
  /** The key under which the checkpoint has its state dict; null where the file is the state dict. */
  readonly wrapper: Wrapper | null;
  /** Scalars beside the state dict, such as `acc` and `epoch`. Other things, such as an optimizer's state, are left out. */
  readonly extras: ReadonlyMap<string, TorchExtra>;
}

/** First byte of a pickle of protocol 2 or later. */
const PROTO = 0x80;

/**
 * Reads a .pth file as torch.save writes it, since 1.6 or before, without running anything of it. The
 * state dict is the file's own object, or lies under `net`, `state_dict` or `model` in a dict;
 * DataParallel's prefix `module.` is taken off.
 *
 * @param fileName for messages
 * @throws UserError, one sentence: when the file is malformed or truncated, refers to anything beyond
 *   tensors, plain containers and NumPy's arrays, or has no state dict
 */
export function readTorchCheckpoint(bytes: Uint8Array, fileName: string): TorchCheckpoint {
  return withFileName(fileName, () => {
    const source = open(bytes, fileName);
    const { wrapper, tensors, others } = unwrap(source.root);
    const materialise = materialiser(source, bytes.length);
    const stored: StoredTensors = new Map();
    for (const [name, tensor] of tensors) stored.set(name, materialise(name, tensor));
    const extras = new Map<string, TorchExtra>();
    for (const [name, value] of others) {
      const scalar = value instanceof TorchTensor ? scalarOf(value, materialise) : plainScalar(value);
      if (scalar !== undefined) extras.set(name, scalar);
    }
    return { tensors: stored, wrapper, extras };
  });
}

function open(bytes: Uint8Array, fileName: string): ReturnType<typeof openZipCheckpoint> {
  if (isZip(bytes)) return openZipCheckpoint(bytes, fileName);
  if (bytes[0] === PROTO) return openLegacyCheckpoint(bytes, fileName);
  throw new PickleFault(
    bytes.length === 0 ? 'is empty' : 'is no PyTorch checkpoint: it is neither a ZIP file nor a pickle',
  );
}

function plainScalar(value: PickleValue): TorchExtra | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  return textOf(value);
}

/** A tensor of one element, such as an accuracy that was not turned into a number. */
function scalarOf(tensor: TorchTensor, materialise: ReturnType<typeof materialiser>): number | undefined {
  if (tensor.view.shape.some((size) => size !== 1)) return undefined;
  return toFloat64(materialise('beside the state dict', tensor))[0];
}
