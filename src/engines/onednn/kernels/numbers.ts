import type { Assembler, Mask, Memory, Vector } from './assembler.js';
import { type Constants, FLOAT } from './kernel.js';

/**
 * What images' numbers are in memory; vectors hold f32. To bf16 they are rounded to nearest even: by an instruction of
 * AVX512-BF16, or, of processors with AVX512 that have none, by arithmetic on integers (`bf16ByIntegers`).
 */
export type Format = 'f32' | 'bf16' | 'bf16ByIntegers';

/** Bytes of a number. */
export function formatBytes(format: Format): number {
  return format === 'f32' ? FLOAT : 2;
}

/** What rounding by integers works with: a mask, and a register that kernels of vectors of 16 leave free. */
const NUMBERS: Mask = 7;
const ODD: Vector = 31;

/** Emits a load of a vector's numbers. */
export function emitLoad(asm: Assembler, format: Format, dst: Vector, src: Memory): void {
  if (format === 'f32') {
    asm.load(dst, src);
    return;
  }
  asm.widenWords(dst, src);
  asm.shiftLeft(dst, dst, 16);
}

/** Emits src = its numbers in bf16, in the lower half; what is no number stays none. */
function emitRounding(asm: Assembler, constants: Constants, format: Format, src: Vector): void {
  if (format === 'bf16') {
    asm.roundToBf16(src, src);
    return;
  }
  const all = (bits: number): Memory => constants.bits(new Array<number>(asm.lanes).fill(bits));
  // Half of the last place, or a little less where that is even already, is added; a carry out of NaN would make it a number.
  asm.areNumbers(NUMBERS, src);
  asm.shiftRight(ODD, src, 16);
  asm.vector('and', ODD, ODD, all(1));
  asm.addIntegers(ODD, ODD, all(0x7fff));
  asm.addIntegers(src, src, ODD, NUMBERS);
  asm.shiftRight(src, src, 16);
  asm.narrowWords(src, src);
}

/**
 * Emits a store of a vector's numbers, which changes the vector.
 *
 * @param streams whether they are stored past the caches, see {@link Assembler.stream}
 */
export function emitStore(
  asm: Assembler,
  constants: Constants,
  { format, streams = false }: { readonly format: Format; readonly streams?: boolean | undefined },
  dst: Memory,
  src: Vector,
): void {
  if (format !== 'f32') emitRounding(asm, constants, format, src);
  if (format === 'f32') asm[streams ? 'stream' : 'store'](dst, src);
  else asm[streams ? 'streamHalf' : 'storeHalf'](dst, src);
}
