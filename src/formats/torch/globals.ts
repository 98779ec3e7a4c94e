import { numpyGlobals } from '../pickle/numpy.js';
import { standardGlobals } from '../pickle/standardGlobals.js';
import {
  describeValue,
  globalsTable,
  natural,
  naturalItems,
  PickleFault,
  PickleGlobal,
  type PickleGlobals,
  type PickleValue,
} from '../pickle/values.js';
import type { StoredDType } from '../tensor.js';
import { STORAGE_CLASSES, StorageClass, TorchStorage, TorchTensor } from './objects.js';

/** `torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks, metadata)`, and `_rebuild_tensor`, which has the first four. */
function rebuildTensor([storage, offset, shape, strides]: readonly PickleValue[]): TorchTensor {
  if (!(storage instanceof TorchStorage))
    throw new PickleFault(`makes a tensor of ${describeValue(storage)}, where a storage must be`);
  return new TorchTensor(storage, {
    offset: natural(offset, 'the offset of a tensor'),
    shape: naturalItems(shape, 'the shape of a tensor'),
    strides: naturalItems(strides, 'the strides of a tensor'),
  });
}

/** `torch._utils._rebuild_parameter(data, requires_grad, backward_hooks)` */
function rebuildParameter([data]: readonly PickleValue[]): TorchTensor {
  if (data instanceof TorchTensor) return data;
  throw new PickleFault(`makes a parameter of ${describeValue(data)}, where a tensor must be`);
}

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

/** Everything that a checkpoint may refer to. */
export const torchGlobals: PickleGlobals = new Map([
  ...standardGlobals,
  ...numpyGlobals,
  ...storageClasses,
  ...globalsTable([
    new PickleGlobal('torch._utils._rebuild_tensor', rebuildTensor),
    new PickleGlobal('torch._utils._rebuild_tensor_v2', rebuildTensor),
    new PickleGlobal('torch._utils._rebuild_parameter', rebuildParameter),
    new PickleGlobal('torch.device', () => null),
    ...inert.map((name) => new PickleGlobal(`torch.${name}`)),
  ]),
]);
