import { isUint8Array } from '../../realms.js';
import { printable } from '../quote.js';
import { contiguousStrides, copyStrided } from '../strided.js';
import {
  checkedElementCount,
  DTYPE_BYTES,
  type StoredDType,
  type StoredTensor,
  toFloat64,
} from '../tensor.js';
import { readPickle } from './readPickle.js';
import { standardGlobals } from './standardGlobals.js';
import {
  describeValue,
  globalsTable,
  naturalItems,
  PickleFault,
  PickleGlobal,
  type PickleGlobals,
  PickleObject,
  PickleTuple,
  type PickleValue,
  textOf,
  tupleItems,
} from './values.js';

const dtypes: ReadonlyMap<string, StoredDType> = new Map([
  ['f8', 'f64'],
  ['f4', 'f32'],
  ['f2', 'f16'],
  ['i8', 'i64'],
  ['i4', 'i32'],
  ['i2', 'i16'],
  ['i1', 'i8'],
  ['u1', 'u8'],
  ['b1', 'bool'],
]);

/** numpy.dtype: an element type. */
class NumpyDType extends PickleObject {
  override readonly kind = 'numpy.dtype';

  constructor(readonly dtype: StoredDType) {
    super();
  }

  /** The state is (version, byte order, …). */
  override build(state: PickleValue): void {
    const [, order] = tupleItems(state, 'the state of a numpy.dtype');
    if (DTYPE_BYTES[this.dtype] > 1 && textOf(order) === '>')
      throw new PickleFault('has a NumPy array in big-endian order, which cannot be read');
  }
}

/** numpy.ndarray: its elements row-major, little-endian, as a tensor's. */
export class NumpyArray extends PickleObject {
  override readonly kind = 'ndarray';
  private content: StoredTensor;

  constructor(content: StoredTensor) {
    super();
    this.content = content;
  }

  get dtype(): StoredDType {
    return this.content.dtype;
  }

  get shape(): readonly number[] {
    return this.content.shape;
  }

  get data(): Uint8Array {
    return this.content.data;
  }

  /** The state is (version, shape, dtype, whether the order is Fortran's, bytes). */
  override build(state: PickleValue): void {
    const [, shape, dtype, fortran, data] = tupleItems(state, 'the state of a numpy.ndarray');
    this.content = arrayContent(shape, dtype, data, fortran === true || fortran === 1);
  }
}

function arrayContent(
  shapeValue: PickleValue | undefined,
  dtypeValue: PickleValue | undefined,
  data: PickleValue | undefined,
  fortran: boolean,
): StoredTensor {
  const shape = naturalItems(shapeValue, 'the shape of a NumPy array');
  const { dtype } = requireDType(dtypeValue);
  if (!isUint8Array(data))
    throw new PickleFault(
      `has ${describeValue(data)} as the data of a NumPy array, where bytes are expected`,
    );
  const count = checkedElementCount(shape);
  if (shape.length > 32 || count === undefined || count * DTYPE_BYTES[dtype] !== data.length) {
    const dimensions = printable(`[${shape.join(', ')}]`);
    throw new PickleFault(`has ${data.length} bytes for a NumPy array of ${dtype} ${dimensions}`);
  }
  if (!fortran || shape.length < 2) return { dtype, shape, data };
  const strides = contiguousStrides(shape.toReversed()).reverse();
  return { dtype, shape, data: copyStrided(data, DTYPE_BYTES[dtype], { offset: 0, shape, strides }) };
}

function requireDType(value: PickleValue | undefined): NumpyDType {
  if (value instanceof NumpyDType) return value;
  throw new PickleFault(`has ${describeValue(value)} where a numpy.dtype is expected`);
}

function makeDType([code]: readonly PickleValue[]): NumpyDType {
  const name = textOf(code) ?? '';
  const dtype = dtypes.get(name);
  if (!dtype)
    throw new PickleFault(
      `has a NumPy array of the type ${printable(name)}, but only ${[...dtypes.keys()].join(', ')} can be read`,
    );
  return new NumpyDType(dtype);
}

const emptyArray = (): NumpyArray => new NumpyArray({ dtype: 'u8', shape: [0], data: new Uint8Array(0) });

/** A NumPy scalar becomes a number; an integer beyond 2^53 is rounded. */
function makeScalar([dtypeValue, data]: readonly PickleValue[]): PickleValue {
  const { dtype } = requireDType(dtypeValue);
  const [value] = toFloat64(arrayContent(new PickleTuple([]), dtypeValue, data, false));
  return dtype === 'bool' ? value !== 0 : (value ?? null);
}

/** NumPy's arrays and scalars, under the module names of its versions 1 and 2. */
export const numpyGlobals: PickleGlobals = globalsTable([
  new PickleGlobal('numpy.ndarray'),
  new PickleGlobal('numpy.dtype', makeDType),
  ...['numpy.core', 'numpy._core'].flatMap((module) => [
    new PickleGlobal(`${module}.multiarray._reconstruct`, emptyArray),
    new PickleGlobal(`${module}.multiarray.scalar`, makeScalar),
    new PickleGlobal(
      `${module}.numeric._frombuffer`,
      ([data, dtype, shape, order]) =>
        new NumpyArray(arrayContent(shape, dtype, data, textOf(order) === 'F')),
    ),
  ]),
]);

const globals: PickleGlobals = new Map([...standardGlobals, ...numpyGlobals]);

/**
 * Reads a pickle of plain Python data and NumPy arrays, such as the files of CIFAR's Python layout,
 * without executing any of its code. Arrays become {@link NumpyArray}, row-major.
 *
 * @param fileName for messages
 * @throws UserError when the pickle is malformed, or refers to anything else
 */
export function parsePickleWithNumpy(bytes: Uint8Array, fileName: string): PickleValue {
  return readPickle(bytes, { fileName, globals }).value;
}
