import { isMap } from '../../realms.js';
import { numpyGlobals } from '../pickle/numpy.js';
import { standardGlobals } from '../pickle/standardGlobals.js';
import {
  type CallContext,
  describeValue,
  globalsTable,
  InertObject,
  natural,
  naturalItems,
  PickleFault,
  PickleGlobal,
  type PickleGlobals,
  type PickleValue,
  tupleItems,
} from '../pickle/values.js';
import type { StoredDType } from '../tensor.js';
import { STORAGE_CLASSES, StorageClass, TorchStorage, TorchTensor } from './objects.js';

/** `torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks, metadata)`, and `_rebuild_tensor`, which has the first four. */
function rebuildTensor([storage, offset, shape, strides, , , metadata]: readonly PickleValue[]): TorchTensor {
  if (storage instanceof InertObject && storage.fault !== undefined) throw new PickleFault(storage.fault);
  if (!(storage instanceof TorchStorage))
    throw new PickleFault(`makes a tensor of ${describeValue(storage)}, where a storage is expected`);
  const view = {
    offset: natural(offset, 'the offset of a tensor'),
    shape: naturalItems(shape, 'the shape of a tensor'),
    strides: naturalItems(strides, 'the strides of a tensor'),
  };
  return new TorchTensor(storage, view, isMap(metadata) && metadata.get('neg') === true);
}

/** `torch._utils._rebuild_parameter(data, requires_grad, backward_hooks)`, and `_with_state`, which has one more. */
function rebuildParameter([data]: readonly PickleValue[]): TorchTensor {
  if (data instanceof InertObject && data.fault !== undefined) throw new PickleFault(data.fault);
  if (data instanceof TorchTensor) return data;
  throw new PickleFault(`makes a parameter of ${describeValue(data)}, where a tensor is expected`);
}

/** `torch._tensor._rebuild_from_type_v2(function, class, arguments, state)`: a tensor of a subclass, or with attributes. */
function rebuildFromType([rebuild, , args]: readonly PickleValue[], context: CallContext): PickleValue {
  if (rebuild instanceof PickleGlobal && rebuild.call && TENSOR_MAKERS.has(rebuild.name))
    return rebuild.call(tupleItems(args, 'the arguments of a tensor'), context);
  throw new PickleFault(`makes a tensor by ${describeValue(rebuild)}`);
}

const TENSOR_MAKERS: ReadonlySet<string> = new Set([
  'torch._utils._rebuild_tensor',
  'torch._utils._rebuild_tensor_v2',
  'torch._utils._rebuild_parameter',
]);

/** A tensor of a kind that is not read. */
const notRead = (kind: string) => (): never => {
  throw new PickleFault(`has a ${kind} tensor, which is not supported`);
};

const storageClasses: PickleGlobals = new Map(
  (Object.keys(STORAGE_CLASSES) as StoredDType[]).map((dtype) => [
    `torch.${STORAGE_CLASSES[dtype]}`,
    new StorageClass(dtype),
  ]),
);

/** Types that checkpoints may name, and nothing may call. */
const inert = [
  'float64',
  'float32',
  'float16',
  'bfloat16',
  'int64',
  'int32',
  'int16',
  'int8',
  'uint8',
  'bool',
];

/** What is understood of the things that a checkpoint refers to; all else becomes placeholders. */
export const torchGlobals: PickleGlobals = new Map([
  ...standardGlobals,
  ...numpyGlobals,
  ...storageClasses,
  ...globalsTable([
    new PickleGlobal('torch._utils._rebuild_tensor', rebuildTensor),
    new PickleGlobal('torch._utils._rebuild_tensor_v2', rebuildTensor),
    new PickleGlobal('torch._utils._rebuild_parameter', rebuildParameter),
    new PickleGlobal('torch._utils._rebuild_parameter_with_state', rebuildParameter),
    new PickleGlobal('torch._tensor._rebuild_from_type_v2', rebuildFromType),
    new PickleGlobal('torch._utils._rebuild_sparse_tensor', notRead('sparse')),
    new PickleGlobal('torch._utils._rebuild_sparse_csr_tensor', notRead('sparse')),
    new PickleGlobal('torch._utils._rebuild_qtensor', notRead('quantized')),
    new PickleGlobal('torch.device', () => null),
    ...inert.map((name) => new PickleGlobal(`torch.${name}`)),
  ]),
]);
