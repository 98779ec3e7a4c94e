/**
 * Gradient of a convolution toward its input. With stride s, the rows a, a + s, a + 2s, … of the result
 * (a phase) meet only the kernel rows k with a + padding − k divisible by s, so that each phase is a
 * convolution of stride 1 with those rows, and the result is all phases, interleaved. With a dilation d, row k lies
 * d·k pixels below the kernel's first; d and s without their common divisor is how far apart a phase's rows are.
 */
import type { ConvGeometry, Pair } from '../../../graph/op.js';
import { kernelSpan } from '../../../graph/ops/conv.js';
import type { TensorType } from '../../../graph/tensorType.js';
import { backwardFilter, blockedConv, type Pads, toBlocked } from './blockedConv.js';
import { isBlockedDepthwise, planeConv, toPlanes } from './depthwise.js';
import type { GraphBuilder, Name } from './graphBuilder.js';
import { dimensions4, type Value } from './lowering.js';

/** A phase along one axis. */
interface Phase {
  /** Rows of the kernel, in the order in which they meet rows of dy; none where the phase is zero. */
  readonly taps: readonly number[];
  /** Distance of the rows of dy that neighbouring taps meet. */
  readonly dilation: number;
  /** Zeros to put around dy. */
  readonly before: number;
  readonly after: number;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

/** The phases along one axis; undefined when they differ in length or dy would have to be cut. */
function phasesAlong(
  axis: 0 | 1,
  { stride, padding, dilation }: ConvGeometry,
  sizes: { readonly kernel: number; readonly input: number; readonly output: number },
): Phase[] | undefined {
  const [step, pad, apart] = [stride[axis], padding[axis], dilation[axis]];
  const spread = apart / commonDivisor(step, apart);
  if (sizes.input % step !== 0) return undefined;
  const phases = Array.from({ length: step }, (_, first): Phase => {
    const taps = Array.from({ length: sizes.kernel }, (_, k) => sizes.kernel - 1 - k).filter(
      (k) => (first + pad - k * apart) % step === 0,
    );
    const shift = (tap: number | undefined): number => (first + pad - (tap ?? 0) * apart) / step;
    if (taps.length === 0) return { taps, dilation: 1, before: 0, after: 0 };
    return {
      taps,
      dilation: spread,
      before: -shift(taps[0]),
      after: sizes.input / step + shift(taps.at(-1)) - sizes.output,
    };
  });
  return phases.some(({ before, after }) => before < 0 || after < 0) ? undefined : phases;
}

/** weight [O, C/G, kh, kw] as that of a convolution from O to C channels, [C, O/G, taps]. */
function transposedWeight(
  b: GraphBuilder,
  weight: Value,
  groups: number,
  { taps, kernel }: { readonly taps: readonly number[]; readonly kernel: Pair },
): Name {
  const [o, c, kh, kw] = dimensions4(weight);
  const swapped = b.once(`${weight.name} swapped`, () =>
    b.transpose(b.reshape(weight.name, [groups, o / groups, c, kh * kw]), [0, 2, 1, 3]),
  );
  const whole = taps.every((tap, i) => tap === i) && taps.length === kh * kw;
  const kept = whole ? swapped : b.op('Gather', [swapped, b.ints(taps)], { axis: 3 });
  return b.reshape(kept, [groups * c, o / groups, ...kernel]);
}

/** Makes the convolution of one phase, from rows and columns. */
type PhaseConv = (row: Phase, column: Phase) => Name;

function tapsOf(row: Phase, column: Phase, kw: number): number[] {
  return row.taps.flatMap((y) => column.taps.map((x) => y * kw + x));
}

function kernelOf(row: Phase, column: Phase): Pair {
  return [row.taps.length, column.taps.length];
}

function dilationOf(row: Phase, column: Phase): Pair {
  return [row.dilation, column.dilation];
}

function padsOf(row: Phase, column: Phase): Pads {
  return [row.before, column.before, row.after, column.after];
}

function depthwisePhases(b: GraphBuilder, [dy, weight]: readonly [Value, Value]): PhaseConv {
  const [n, c] = dimensions4(dy);
  const [, , , kw] = dimensions4(weight);
  const planes = toPlanes(b, dy);
  return (row, column) => {
    const kernel = kernelOf(row, column);
    const filter = transposedWeight(b, weight, c, { taps: tapsOf(row, column, kw), kernel });
    const pads = padsOf(row, column);
    const dilations = dilationOf(row, column);
    return planeConv(b, { planes, count: [n, c], weight: filter, kernel, strides: [1, 1], dilations, pads });
  };
}

function blockedPhases(b: GraphBuilder, [dy, weight]: readonly [Value, Value], block: number): PhaseConv {
  const shape = dimensions4(weight);
  const x = toBlocked(b, dy.name);
  return (row, column) => {
    const kernel = kernelOf(row, column);
    const taps = tapsOf(row, column, shape[3]);
    const filter = backwardFilter(b, weight.name, shape, { taps, kernel, block });
    const pads = padsOf(row, column);
    const dilations = dilationOf(row, column);
    return blockedConv(b, { x, filter, kernel, strides: [1, 1], dilations, pads, channels: shape[1] });
  };
}

function plainPhases(b: GraphBuilder, [dy, weight]: readonly [Value, Value], groups: number): PhaseConv {
  const [, , , kw] = dimensions4(weight);
  return (row, column) => {
    const kernel = kernelOf(row, column);
    const filter = transposedWeight(b, weight, groups, { taps: tapsOf(row, column, kw), kernel });
    const dilations = dilationOf(row, column);
    const attributes = { kernel_shape: kernel, dilations, pads: padsOf(row, column), group: groups };
    return b.op('Conv', [dy.name, filter], attributes);
  };
}

function phaseConv(b: GraphBuilder, groups: number, [dy, weight]: readonly [Value, Value]): PhaseConv {
  const [o, c, kh, kw] = dimensions4(weight);
  const block = b.features.blockSize;
  if (isBlockedDepthwise(b, groups, dimensions4(dy), [o, c, kh, kw])) return depthwisePhases(b, [dy, weight]);
  const fills = block !== undefined && groups === 1 && o % block === 0 && c % block === 0;
  return fills && kh * kw > 1 ? blockedPhases(b, [dy, weight], block) : plainPhases(b, [dy, weight], groups);
}

/** Parts [N, C, h, w] whose columns take turns, [N, C, h, parts·w]. */
function interleaveColumns(
  b: GraphBuilder,
  parts: readonly [Name, ...Name[]],
  shape: readonly number[],
): Name {
  if (parts.length === 1) return parts[0];
  const [n, c, h, w] = shape as [number, number, number, number];
  const flat = parts.map((part) => b.reshape(part, [1, n * c * h * w])) as [Name, ...Name[]];
  return b.reshape(b.transpose(b.concat(flat, 0), [1, 0]), [n, c, h, w * parts.length]);
}

/** Parts [N, C, h, w] whose rows take turns, [N, C, parts·h, w]. */
function interleaveRows(b: GraphBuilder, parts: readonly [Name, ...Name[]], shape: readonly number[]): Name {
  if (parts.length === 1) return parts[0];
  const [n, c, h, w] = shape as [number, number, number, number];
  const rows = parts.map((part) => b.reshape(part, [n * c * h, 1, w])) as [Name, ...Name[]];
  return b.reshape(b.concat(rows, 1), [n, c, h * parts.length, w]);
}

/** The general case, where phases do not fit: ONNX's transposed convolution, which is slower. */
function convTranspose(
  b: GraphBuilder,
  { stride, padding, dilation, groups }: ConvGeometry,
  [dy, weight]: readonly [Value, Value],
  dx: TensorType,
): Name {
  const [, , h, w] = dimensions4(dx);
  const [, , oh, ow] = dimensions4(dy);
  const [, , kh, kw] = dimensions4(weight);
  const reached = (outputs: number, axis: 0 | 1, kernel: number): number =>
    (outputs - 1) * stride[axis] - 2 * padding[axis] + kernelSpan(kernel, dilation[axis]);
  return b.op('ConvTranspose', [dy.name, weight.name], {
    kernel_shape: [kh, kw],
    strides: stride,
    dilations: dilation,
    pads: [...padding, ...padding],
    output_padding: [h - reached(oh, 0, kh), w - reached(ow, 1, kw)],
    group: groups,
  });
}

/** Adds the gradient toward the input, of type `dx`. */
export function convInputGrad(
  b: GraphBuilder,
  geometry: ConvGeometry,
  [dy, weight]: readonly [Value, Value],
  dx: TensorType,
): Name {
  const [n, c, h, w] = dimensions4(dx);
  const [, , oh, ow] = dimensions4(dy);
  const [, , kh, kw] = dimensions4(weight);
  const rows = phasesAlong(0, geometry, { kernel: kh, input: h, output: oh });
  const columns = phasesAlong(1, geometry, { kernel: kw, input: w, output: ow });
  if (!rows || !columns) return convTranspose(b, geometry, [dy, weight], dx);
  const conv = phaseConv(b, geometry.groups, [dy, weight]);
  const part = [n, c, h / rows.length, w / columns.length];
  const whole = [n, c, h / rows.length, w];
  const ofRow = (row: Phase): Name => {
    if (row.taps.length === 0) return b.zeros(whole);
    const parts = columns.map((column) => (column.taps.length === 0 ? b.zeros(part) : conv(row, column)));
    return interleaveColumns(b, parts as [Name, ...Name[]], part);
  };
  return b.reshape(interleaveRows(b, rows.map(ofRow) as [Name, ...Name[]], whole), dx.shape);
}
