/** Numbers for each channel, of a block at a time. */
import { type Assembler, GPR, type Memory, type Register, type Vector } from './assembler.js';
import { type BlockedImages, blocksOf } from './blockedImages.js';
import type { Constants } from './kernel.js';

/** What chooses the channels of a block that exist: a register of masks, or of vectors where those are of 8. */
const CHOSEN_MASK = 1;
const CHOSEN: Vector = 14;

/**
 * Emits which channels of the block in rax exist: operands with a number for each channel end there. Changes rcx and rdx.
 *
 * @returns loads and stores of such operands
 */
export function emitChosen(asm: Assembler, constants: Constants, source: BlockedImages): ChannelAccess {
  const { channels, lanes } = source;
  const rest = channels % lanes === 0 ? lanes : channels % lanes;
  const chosen = (count: number): number[] => Array.from({ length: lanes }, (_, i) => (i < count ? -1 : 0));
  const last = constants.bits([blocksOf(source) - 1]);
  const at = (count: number): number =>
    lanes === 16 ? 2 ** count - 1 : constants.bits(chosen(count)).offset;
  asm.set(GPR.rcx, at(rest));
  const jump = asm.jumpIfAtLeast(GPR.rax, last);
  asm.set(GPR.rcx, at(lanes));
  asm.land(jump);
  if (lanes === 16) {
    asm.setMask(CHOSEN_MASK, GPR.rcx);
    return {
      load: (dst, src) => asm.load(dst, src, CHOSEN_MASK),
      store: (dst, src) => asm.store(dst, src, CHOSEN_MASK),
    };
  }
  asm.addRegister(GPR.rcx, GPR.r15);
  asm.load(CHOSEN, { base: GPR.rcx, offset: 0 });
  return {
    load: (dst, src) => asm.loadMasked(dst, CHOSEN, src),
    store: (dst, src) => asm.storeMasked(dst, CHOSEN, src),
  };
}

/** Loads and stores of a block's channels that exist; others are loaded as zeros. */
interface ChannelAccess {
  load(dst: Vector, src: Memory): void;
  store(dst: Memory, src: Vector): void;
}

/** Emits pointers to the rows of the block in rax. */
export function emitBlockPointers(
  asm: Assembler,
  registers: readonly Register[],
  operands: readonly number[],
): void {
  registers.forEach((register, i) => {
    asm.multiply(register, GPR.rax, asm.vectorBytes);
    asm.addMemory(register, { base: GPR.r15, offset: operands[i]! });
  });
}
