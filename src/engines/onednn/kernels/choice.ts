import type { Assembler, Register } from './assembler.js';

/**
 * Emits what is done where a register's number, of 0 to `count` − 1, is below a limit, and what from there on; one
 * alone where the other never is.
 */
export function emitChoice(
  asm: Assembler,
  [register, limit, count]: readonly [Register, number, number],
  [below, from]: readonly [() => void, () => void],
): void {
  if (limit === 0) from();
  else if (limit === count) below();
  else {
    const other = asm.jumpUnlessBelow(register, limit);
    below();
    const end = asm.jump();
    asm.land(other);
    from();
    asm.land(end);
  }
}
