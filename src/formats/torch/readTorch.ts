import { describeForeignFile } from '../foreignFile.js';
import { withFileName } from '../pickle/readPickle.js';
import { PickleFault } from '../pickle/values.js';
import type { StoredTensors } from '../tensor.js';
import { isZip } from '../zip/readZip.js';
import { extrasOf, type TorchExtra } from './extras.js';
import { isLegacyCheckpoint, openLegacyCheckpoint } from './legacySource.js';
import { materialiser } from './materialise.js';
import { unwrap } from './unwrap.js';
import { openZipCheckpoint } from './zipSource.js';

/** Contents of a PyTorch checkpoint. */
export interface TorchCheckpoint {
  /** In the order of the file, contiguous, under the model's own names; data are views of the file's bytes where that is possible. */
  readonly tensors: StoredTensors;
  /** The keys under which the checkpoint has its state dict, with dots between; null where the file is the state dict. */
  readonly wrapper: string | null;
  /** Plain values beside the state dict, such as `acc`, `epoch` and `classes`. Other things, such as an optimizer's state, are left out. */
  readonly extras: ReadonlyMap<string, TorchExtra>;
  /** Entries of the state dict that are not readable tensors, with the reason. */
  readonly unread: ReadonlyMap<string, string>;
  /** The key of averaged weights (EMA) in the file; undefined if it has none. */
  readonly averagedKey?: string | undefined;
  /** Whether `tensors` are the averaged weights: they were asked for, or there are no others. */
  readonly averaged: boolean;
}

/** Which of a checkpoint's weights are read. */
export interface TorchReadOptions {
  /** Take the averaged weights (EMA) instead of the last ones. Default false. */
  readonly averaged?: boolean | undefined;
}

/** Whether a file starts like a PyTorch checkpoint: a ZIP file, or a pickle, as before 1.6. */
export function isTorchFile(bytes: Uint8Array): boolean {
  return isZip(bytes) || isLegacyCheckpoint(bytes);
}

/**
 * Reads a .pth file as torch.save writes it, since 1.6 or before, without executing any of its code. The
 * state dict is the file's own object, or lies under a usual key (`net`, `state_dict`, `model`, `model_state_dict`
 * and so on) in a dict; prefixes of DataParallel, `torch.compile` and enclosing modules are taken off. Objects of
 * unknown classes beside the weights are passed over.
 *
 * @param fileName for messages
 * @throws UserError, one sentence: when the file is malformed, truncated or something else, or has no state dict
 */
export function readTorchCheckpoint(
  bytes: Uint8Array,
  fileName: string,
  { averaged = false }: TorchReadOptions = {},
): TorchCheckpoint {
  return withFileName(fileName, () => {
    const source = open(bytes, fileName);
    const { tensors, others, ...found } = unwrap(source.root, averaged);
    const materialise = materialiser(source, bytes.length);
    const stored: StoredTensors = new Map();
    for (const [name, tensor] of tensors) stored.set(name, materialise(name, tensor));
    return { ...found, tensors: stored, extras: extrasOf(others, materialise) };
  });
}

function open(bytes: Uint8Array, fileName: string): ReturnType<typeof openZipCheckpoint> {
  if (isZip(bytes)) return openZipCheckpoint(bytes, fileName);
  if (isLegacyCheckpoint(bytes)) return openLegacyCheckpoint(bytes, fileName);
  throw new PickleFault(
    describeForeignFile(bytes) ?? 'is not a PyTorch checkpoint: it is neither a ZIP file nor a pickle',
  );
}
