import type { ValueId } from '../../../../graph/program.js';
import type { ElementType } from '../../memoryDesc.js';
import type { Draft } from '../../plan/draft.js';
import type { Place } from '../../plan/place.js';
import type { PostOp } from '../../primitiveSpec.js';
import type { Convolution, ProductWay } from '../../ways/way.js';
import { addsWindows, filledUp, isPointwise } from '../../ways/windows.js';
import { addWindows, type InputGradientValues } from './addWindows.js';
import { multiply } from './multiply.js';
import { filledRows, pixelRows, rowsOf, seen, type Windows } from './rows.js';
import { weightMatrix, weightRows } from './weightMatrix.js';

/** The windows of x that the pixels of y are computed from; undefined for a pointwise convolution. */
function windowsOfX(convolution: Convolution): Windows | undefined {
  if (isPointwise(convolution)) return undefined;
  const { geometry, shapes } = convolution;
  const [height, width] = shapes.weight.slice(2) as [number, number];
  const pixels = shapes.y.slice(2) as [number, number];
  return { ...geometry, kernel: [height, width], pixels, turned: false };
}

/** y = windows of x · weight. */
export function productForward(
  draft: Draft,
  values: {
    readonly convolution: Convolution;
    readonly x: ValueId;
    readonly weight: ValueId;
    readonly y: ValueId;
    readonly bias?: ValueId | undefined;
  },
  { type }: ProductWay,
  postOps: readonly PostOp[],
): void {
  const { convolution, x, weight, y, bias } = values;
  const a = rowsOf(draft, x, type, windowsOfX(convolution));
  const b = weightRows(draft, weight, type, 'taps inputs × outputs');
  const row = [1, convolution.shapes.weight[0]!];
  const added = bias === undefined ? undefined : seen(draft.places.plain(bias), draft.layouts.rowMajor(row));
  multiply(draft, { a, b, dst: pixelRows(draft, y, type), bias: added, postOps }, true);
}

/** dx = windows of dy · turned weight, or with strides the sum of the windows dy · weight. */
export function productInputGradient(draft: Draft, values: InputGradientValues, { type }: ProductWay): void {
  const { convolution, dy, weight, dx } = values;
  if (addsWindows(convolution)) {
    addWindows(draft, values, type);
    return;
  }
  const { geometry, shapes } = convolution;
  const [height, width] = shapes.weight.slice(2) as [number, number];
  const windows: Windows = {
    ...geometry,
    kernel: [height, width],
    padding: [height - 1 - geometry.padding[0], width - 1 - geometry.padding[1]],
    pixels: shapes.x.slice(2) as [number, number],
    turned: true,
  };
  const a = rowsOf(draft, dy, type, isPointwise(convolution) ? undefined : windows);
  const b = weightRows(draft, weight, type, 'taps outputs × inputs');
  multiply(draft, { a, b, dst: pixelRows(draft, dx, type) }, true);
}

/** The sum of the rows of a matrix, for the gradient toward a bias; columns after the bias's are left out. */
function sumOfRows(draft: Draft, matrix: Place, dbias: ValueId): void {
  const { shape, type } = matrix.desc;
  const [rows, columns] = shape as [number, number];
  const ones = draft.steps.constant(draft.layouts.rowMajor([1, rows]), new Float32Array(rows).fill(1));
  let a = ones;
  if (type !== 'f32') {
    a = draft.buffers.allocate(draft.layouts.rowMajor([1, rows], type));
    draft.steps.reorder(ones, a);
  }
  const dst = draft.buffers.allocate(draft.layouts.rowMajor([1, columns]));
  draft.places.define(dbias, seen(dst, draft.layouts.rowMajor(draft.shapeOf(dbias))));
  multiply(draft, { a, b: matrix, dst }, false);
}

/** The values of a weight gradient. */
interface WeightGradientValues {
  readonly convolution: Convolution;
  readonly x: ValueId;
  readonly dy: ValueId;
  readonly dw: ValueId;
  readonly dbias: ValueId | undefined;
}

function transposed(draft: Draft, place: Place): Place {
  const { shape, type } = place.desc;
  const [rows, columns] = shape as [number, number];
  return seen(place, draft.dnnl.strided([columns, rows], type, [1, columns]));
}

/** dw = dyᵀ · x of a pointwise convolution, as a part of a larger product: of channels that fill whole tiles. */
function filledProduct(
  draft: Draft,
  { convolution, x, dy, dw, dbias }: WeightGradientValues,
  type: ElementType,
): void {
  const [outputs, inputs] = convolution.shapes.weight as [number, number];
  const [rows, columns] = [filledUp(outputs), filledUp(inputs)];
  const whole = draft.buffers.allocate(draft.layouts.rowMajor([rows, columns]));
  const gradient = filledRows(draft, dy, type, rows);
  const b = filledRows(draft, x, type, columns);
  multiply(draft, { a: transposed(draft, gradient), b, dst: whole }, false);
  const desc = draft.dnnl.strided(convolution.shapes.weight, 'f32', [columns, 1, columns, columns]);
  draft.places.define(dw, { ...seen(whole, desc), isPart: true });
  if (dbias !== undefined) sumOfRows(draft, gradient, dbias);
}

/** dw = dyᵀ · windows of x, or transposed. */
export function productWeightGradient(
  draft: Draft,
  values: WeightGradientValues,
  { type, turned, filled }: ProductWay,
): void {
  if (filled) {
    filledProduct(draft, values, type);
    return;
  }
  const { convolution, x, dy, dw, dbias } = values;
  const windows = rowsOf(draft, x, type, windowsOfX(convolution));
  const gradient = rowsOf(draft, dy, type, undefined);
  const shape = convolution.shapes.weight;
  const axes = turned ? 'taps inputs × outputs' : 'outputs × taps inputs';
  const { strides, matrix } = weightMatrix(shape, axes);
  const place = draft.places.output(dw, draft.dnnl.strided(shape, 'f32', strides));
  const dst = seen(place, draft.layouts.rowMajor(matrix));
  const [a, b] = turned ? [windows, gradient] : [gradient, windows];
  multiply(draft, { a: transposed(draft, a), b, dst }, false);
  if (dbias !== undefined) sumOfRows(draft, gradient, dbias);
}
