import { sizeOf } from '../../../../graph/tensorType.js';
import { Emitter } from '../emitter.js';
import { buffersOf, type Expression } from '../expression.js';
import { type KernelBody, THREADS, unitsBody } from '../pointwise.js';
import type { Stored } from '../stored.js';
import { fillPanel, type Panel, pitchOf, pixelRows, pixelsOf, sizeOfPanel } from './panel.js';
import { deepTiling, eachPairText, placesText, sumsText } from './tiling.js';

/** The gradient of a convolution of single pixels toward its filter: Σ over pixels of gradient[pixel, o] · image[pixel, c]. */
export interface FilterProduct {
  /** [N,O,H,W] and [N,C,H,W], computed where they are read. */
  readonly gradient: Expression;
  readonly image: Expression;
  /** Neighbouring channels of the two that a thread computes at once. */
  readonly lanes: { readonly gradient: number; readonly image: number };
}

/** Parts that the pixels are divided into, each of which is added up by other blocks. */
export function partsOfFilterProduct({ gradient, image }: FilterProduct, processors: number): number {
  return tilingOf(gradient, image, processors).chunks;
}

function tilingOf(gradient: Expression, image: Expression, processors: number) {
  return deepTiling(gradient.shape[1]!, image.shape[1]!, pixelsOf(gradient.shape), processors);
}

/**
 * Code of the sums of each part.
 *
 * @param sums f32 [parts,O,C]
 */
export function filterProduct(spec: FilterProduct, sums: Stored, processors: number): KernelBody {
  const { gradient, image, lanes } = spec;
  const tiling = tilingOf(gradient, image, processors);
  const { rows, columns, depth, chunks } = tiling;
  const [outputs, inputs] = [gradient.shape[1]!, image.shape[1]!];
  const across = Math.ceil(inputs / columns);
  const tiles = Math.ceil(outputs / rows) * across;
  const left: Panel = { name: 'panels', rows: depth, columns: rows };
  const right: Panel = { name: `(panels + ${sizeOfPanel(left)})`, rows: depth, columns };
  const at = new Emitter(1);
  at.line(`__shared__ __align__(16) bf16 panels[${sizeOfPanel(left) + sizeOfPanel(right)}];`);
  at.line(`const int tile = blockIdx.x % ${tiles}, chunk = blockIdx.x / ${tiles};`);
  at.line(`const int output0 = tile / ${across} * ${rows}, input0 = tile % ${across} * ${columns};`);
  for (const line of [...placesText(tiling), ...sumsText(tiling)]) at.line(line);
  const pixels = pixelsOf(gradient.shape);
  at.block(`for (int pixel0 = chunk * ${depth}; pixel0 < ${pixels}; pixel0 += ${chunks * depth})`, () => {
    fillPanel(at, pixelRows(gradient, lanes.gradient), left, { row: 'pixel0', column: 'output0' });
    fillPanel(at, pixelRows(image, lanes.image), right, { row: 'pixel0', column: 'input0' });
    at.line('__syncthreads();');
    at.line(
      `multiplyTiles<${depth}, true, true>(sums, ${left.name} + warpRow, ${pitchOf(left)}, ` +
        `${right.name} + warpColumn, ${pitchOf(right)});`,
    );
    at.line('__syncthreads();');
  });
  const target = at.pointer(sums.buffer, 'f32');
  const place = `${target} + (chunk * ${outputs} + output0 + row) * ${inputs} + input0 + column`;
  const write = (offset: number, name: string): string =>
    `if (input0 + column + ${offset} < ${inputs}) (${place})[${offset}] = ${name};`;
  for (const line of eachPairText(
    tiling,
    `if (output0 + row < ${outputs}) { ${write(0, 'x')} ${write(1, 'y')} }`,
  ))
    at.line(line);
  return {
    text: at.text,
    buffers: at.buffers,
    reads: buffersOf([gradient, image]),
    writes: [sums.buffer],
    blocks: tiles * chunks,
    threads: THREADS,
    residents: tiling.residents,
  };
}

/** Code of the sum of `parts` tensors that lie one after the other. Kernels for several are one where they have as many parts. */
export function sumOfParts(sums: Stored, target: Stored, parts: number): KernelBody {
  const size = sizeOf(target.shape);
  const lanes = size % 4 === 0 ? 4 : size % 2 === 0 ? 2 : 1;
  const at = new Emitter(lanes);
  const [from, to] = [at.pointer(sums.buffer, 'f32'), at.pointer(target.buffer, 'f32')];
  at.line(`float total[${lanes}]; LANES(${lanes}) total[j] = 0.0f;`);
  at.line('#pragma unroll 8');
  at.block(`for (int part = 0; part < ${parts}; ++part)`, () => {
    at.line(`float some[${lanes}];`);
    at.line(`Words<${lanes}, ${lanes}>::load(some, ${from} + (part * UNITS + i) * ${lanes});`);
    at.line(`LANES(${lanes}) total[j] += some[j];`);
  });
  at.line(`Words<${lanes}, ${lanes}>::store(${to} + i * ${lanes}, total);`);
  const units = size / lanes;
  return unitsBody(at, { reads: [sums.buffer], writes: [target.buffer], units, isFlat: true });
}
