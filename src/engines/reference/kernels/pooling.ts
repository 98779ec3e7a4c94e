import type { Pair, PoolGeometry } from '../../../graph/op.js';
import { adaptiveWindow } from '../../../graph/ops/pooling.js';
import type { Shape } from '../../../graph/tensorType.js';
import { type Dense, dimensions4, floats, type Kernels } from '../kernel.js';

type Window = readonly [start: number, end: number];

/** The windows of every output row and column, and what an average divides by. */
interface Windows {
  readonly rows: readonly Window[];
  readonly columns: readonly Window[];
  readonly area: (row: Window, column: Window) => number;
}

/** Windows of a sliding kernel; padding counts in the average, so the area is the kernel's. */
function slidingWindows({ kernel, stride, padding }: PoolGeometry, input: Shape, output: Shape): Windows {
  const along = (axis: 0 | 1): Window[] =>
    Array.from({ length: output[axis + 2]! }, (_, i) => {
      const start = i * stride[axis] - padding[axis];
      return [Math.max(0, start), Math.min(input[axis + 2]!, start + kernel[axis])];
    });
  return { rows: along(0), columns: along(1), area: () => kernel[0] * kernel[1] };
}

function adaptiveWindows(outputSize: Pair, input: Shape): Windows {
  const along = (axis: 0 | 1): Window[] =>
    Array.from({ length: outputSize[axis] }, (_, i) => adaptiveWindow(i, input[axis + 2]!, outputSize[axis]));
  return {
    rows: along(0),
    columns: along(1),
    area: ([top, bottom], [left, right]) => (bottom - top) * (right - left),
  };
}

/** Visits every pair of an output element y and an input element x of its window, with 1/area. */
function forEachPair(
  { rows, columns, area }: Windows,
  [n, channels, h, w]: Shape,
  visit: (x: number, y: number, share: number) => void,
): void {
  let y = 0;
  for (let plane = 0; plane < n! * channels!; plane++) {
    for (const row of rows) {
      for (const column of columns) {
        const share = 1 / area(row, column);
        for (let iy = row[0]; iy < row[1]; iy++) {
          const start = (plane * h! + iy) * w!;
          for (let ix = column[0]; ix < column[1]; ix++) visit(start + ix, y, share);
        }
        y++;
      }
    }
  }
}

function average(windows: Windows, x: Dense, y: Dense): void {
  const [xs, ys] = [floats(x), floats(y)];
  ys.fill(0);
  forEachPair(windows, x.shape, (from, to, share) => {
    ys[to]! += xs[from]! * share;
  });
}

function spread(windows: Windows, dy: Dense, dx: Dense): void {
  const [dys, dxs] = [floats(dy), floats(dx)];
  dxs.fill(0);
  forEachPair(windows, dx.shape, (to, from, share) => {
    dxs[to]! += dys[from]! * share;
  });
}

/** Calls back for each output element y with the place of its window's first maximum in x; NaN counts as the greatest. */
function forEachMaximum(
  geometry: PoolGeometry,
  x: Dense,
  output: Shape,
  visit: (x: number, y: number) => void,
): void {
  const xs = floats(x);
  const { rows, columns } = slidingWindows(geometry, x.shape, output);
  const [n, channels, h, w] = dimensions4(x.shape);
  let y = 0;
  for (let plane = 0; plane < n * channels; plane++) {
    for (const [top, bottom] of rows) {
      for (const [left, right] of columns) {
        let place = (plane * h + top) * w + left;
        for (let iy = top; iy < bottom; iy++) {
          const start = (plane * h + iy) * w;
          for (let ix = start + left; ix < start + right; ix++)
            if (xs[ix]! > xs[place]! || Number.isNaN(xs[ix]!)) place = ix;
        }
        visit(place, y++);
      }
    }
  }
}

/** Average and maximum pooling and their gradients. */
export const poolKernels: Kernels<
  | 'avgPool2d'
  | 'avgPool2dGrad'
  | 'maxPool2d'
  | 'maxPool2dGrad'
  | 'adaptiveAvgPool2d'
  | 'adaptiveAvgPool2dGrad'
> = {
  avgPool2d: (geometry, [x], [y]) => average(slidingWindows(geometry, x!.shape, y!.shape), x!, y!),
  avgPool2dGrad: (geometry, [dy], [dx]) => spread(slidingWindows(geometry, dx!.shape, dy!.shape), dy!, dx!),
  maxPool2d: (geometry, [x], [y]) => {
    const [xs, ys] = [floats(x), floats(y)];
    forEachMaximum(geometry, x!, y!.shape, (from, to) => {
      ys[to] = xs[from]!;
    });
  },
  maxPool2dGrad: (geometry, [dy, x], [dx]) => {
    const [dys, dxs] = [floats(dy), floats(dx)];
    dxs.fill(0);
    forEachMaximum(geometry, x!, dy!.shape, (to, from) => {
      dxs[to]! += dys[from]!;
    });
  },
  adaptiveAvgPool2d: ({ outputSize }, [x], [y]) => average(adaptiveWindows(outputSize, x!.shape), x!, y!),
  adaptiveAvgPool2dGrad: ({ outputSize }, [dy], [dx]) =>
    spread(adaptiveWindows(outputSize, dx!.shape), dy!, dx!),
};
