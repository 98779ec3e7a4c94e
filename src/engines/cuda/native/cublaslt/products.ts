import { UserError } from '../../../../errors.js';
import type { Pointer, Prepared, ProductSpec, StridedTensor } from '../../device.js';
import { extentOf } from '../algorithms/planTimer.js';
import type { Selection } from '../algorithms/selection.js';
import type { CublasLt } from './cublasLt.js';
import { transpose } from './matrix.js';
import { proposeMultiplications } from './multiplication.js';

/** Pointers of a product's matrices. */
export type ProductPointers = { readonly a: Pointer; readonly b: Pointer; readonly c: Pointer };

/** Matrix products by cuBLASLt, by the fastest of its algorithms. */
export class Products {
  constructor(
    private readonly library: CublasLt,
    private readonly selection: Selection<ProductPointers>,
  ) {}

  /** See {@link Device.product}. */
  product(spec: ProductSpec): Prepared<ProductPointers> {
    if (spec.c.strides[1] !== 1 && spec.c.shape[1] !== 1) return this.transposed(spec);
    const epilogue = { bias: false, addend: false, relu: false };
    const { a, b, c } = spec;
    const chosen = this.selection.choose(
      keyOf(spec),
      (place) => ({ a: place(extentOf(a)), b: place(extentOf(b)), c: place(extentOf(c)) }),
      (only) => proposeMultiplications(this.library, { ...spec, epilogue }, only),
    );
    if (chosen === undefined) throw new UserError(`cuBLASLt has no algorithm for ${describe(spec)}`);
    return chosen;
  }

  private transposed({ a, b, c, arithmetic }: ProductSpec): Prepared<ProductPointers> {
    const product = this.product({ a: transpose(b), b: transpose(a), c: transpose(c), arithmetic });
    return {
      ...product,
      run: (pointers, workspace) => product.run({ a: pointers.b, b: pointers.a, c: pointers.c }, workspace),
    };
  }
}

/** What the choice of an algorithm depends on. */
function keyOf({ a, b, c, arithmetic }: ProductSpec): string {
  return JSON.stringify([
    'product',
    arithmetic,
    [a, b, c].map(({ type, shape, strides }) => [type, shape, strides]),
  ]);
}

function describe({ a, b, c, arithmetic }: ProductSpec): string {
  const text = ({ type, shape }: StridedTensor): string => `${type} ${shape.join('×')}`;
  return `the product of ${text(a)} and ${text(b)} to ${text(c)} in ${arithmetic}`;
}
