import { PickleObject } from '../pickle/values.js';
import type { StridedView } from '../strided.js';
import type { StoredDType } from '../tensor.js';

/** Element types by the name of PyTorch's class for storages of them. Complex and quantized ones are not read. */
export const STORAGE_CLASSES: { readonly [D in StoredDType]: string } = {
  f64: 'DoubleStorage',
  f32: 'FloatStorage',
  f16: 'HalfStorage',
  bf16: 'BFloat16Storage',
  i64: 'LongStorage',
  i32: 'IntStorage',
  i16: 'ShortStorage',
  i8: 'CharStorage',
  u8: 'ByteStorage',
  bool: 'BoolStorage',
};

/** A class of storages, such as torch.FloatStorage. */
export class StorageClass extends PickleObject {
  override readonly kind = 'class of storages';

  constructor(readonly dtype: StoredDType) {
    super();
  }
}

/** A storage: elements that lie outside of the pickle under a key. */
export class TorchStorage extends PickleObject {
  override readonly kind = 'storage';

  constructor(
    readonly key: string,
    readonly dtype: StoredDType,
    /** Elements under the key. */
    readonly total: number,
    /** The part that this storage is, as first element and count: all of them but in the oldest files. */
    readonly part: { readonly offset: number; readonly count: number },
  ) {
    super();
  }
}

/** A tensor: a view of a storage. Nothing of it is checked yet but the types. */
export class TorchTensor extends PickleObject {
  override readonly kind = 'tensor';

  constructor(
    readonly storage: TorchStorage,
    readonly view: StridedView,
    /** Whether its values are those of the view with the other sign: PyTorch's negative bit, as an imaginary part of a conjugate has it. */
    readonly isNegative = false,
  ) {
    super();
  }

  /** Attributes that were set on the tensor are passed over. */
  override build(): void {}
}
