import type { Pair } from '../../../graph/op.js';
import type { Emitter } from '../codegen/emitter.js';
import { Index } from '../codegen/index.js';

/** A sliding window: `size` places at distances of `dilation`, from `stride`·i − `padding` on. */
export interface Sliding {
  readonly size: Pair;
  readonly stride: Pair;
  readonly padding: Pair;
  readonly dilation: Pair;
}

/** A place in a window: of its elements, in the kernel and in the image. */
export interface WindowPlace {
  /** Texts of the row and the column in the kernel. */
  readonly kernel: readonly [string, string];
  readonly row: Index;
  readonly column: Index;
}

/** One axis of a loop over window places. */
interface AxisLoop {
  readonly count: number;
  /** The place in the other tensor, and whether there is one, of loop counter `k`. */
  place(k: string): { readonly text: string; readonly conditions: readonly string[] };
  readonly range: number;
}

function loops(at: Emitter, axes: readonly [AxisLoop, AxisLoop], body: (place: WindowPlace) => void): void {
  const counters = [at.name('m'), at.name('m')] as const;
  const places = [at.name('h'), at.name('w')] as const;
  const open = (axis: 0 | 1, inner: () => void): void => {
    const { count, place } = axes[axis];
    const k = counters[axis];
    at.line('#pragma unroll');
    at.block(`for (int ${k} = 0; ${k} < ${count}; ++${k})`, () => {
      const { text, conditions } = place(k);
      at.line(`const int ${places[axis]} = ${text};`);
      const all = conditions.map((condition) => condition.replaceAll('$', places[axis]));
      at.block(`if (${all.join(' && ')})`, inner);
    });
  };
  const index = (axis: 0 | 1): Index => Index.counter(places[axis], axes[axis].range);
  open(0, () => open(1, () => body({ kernel: counters, row: index(0), column: index(1) })));
}

/** Calls back for the code of every place of the image in the window of an output's element. */
export function overWindow(
  at: Emitter,
  { size, stride, padding, dilation }: Sliding,
  output: readonly [row: Index, column: Index],
  image: Pair,
  body: (place: WindowPlace) => void,
): void {
  const axis = (i: 0 | 1): AxisLoop => ({
    count: size[i],
    range: image[i],
    place: (k) => ({
      text: `(${output[i].text('first')}) * ${stride[i]} - ${padding[i]} + ${k} * ${dilation[i]}`,
      conditions: ['$ >= 0', `$ < ${image[i]}`],
    }),
  });
  loops(at, [axis(0), axis(1)], body);
}

/** Calls back for the code of every output's element in whose window a place of the image is; `kernel` says where in it. */
export function overOutputs(
  at: Emitter,
  { size, stride, padding, dilation }: Sliding,
  image: readonly [row: Index, column: Index],
  output: Pair,
  body: (place: WindowPlace) => void,
): void {
  const axis = (i: 0 | 1): AxisLoop => ({
    count: size[i],
    range: output[i],
    place: (k) => {
      const distance = `((${image[i].text('first')}) + ${padding[i]} - ${k} * ${dilation[i]})`;
      return {
        text: stride[i] === 1 ? distance : `${distance} / ${stride[i]}`,
        conditions: [
          `${distance} >= 0`,
          `$ < ${output[i]}`,
          ...(stride[i] === 1 ? [] : [`$ * ${stride[i]} == ${distance}`]),
        ],
      };
    },
  });
  loops(at, [axis(0), axis(1)], body);
}
